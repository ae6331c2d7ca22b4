"""Puts the parts of each subsystem together for `gateway.app`, and hands them to the handlers by name."""
