"""Runs code of strangers where it can reach nothing, and bounds all that it takes."""
