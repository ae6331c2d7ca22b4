"""Organizations: a name that accounts are grouped under."""
