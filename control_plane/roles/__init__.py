"""Roles: what accounts may do, and how much of each router they may use."""
