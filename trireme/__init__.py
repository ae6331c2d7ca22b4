"""Floor 5: the command that puts the parts together."""
