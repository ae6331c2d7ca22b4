"""Builds: how a version comes to be, stage by stage."""
