"""Rows of all callers through Triton: of like length together, as many at a time as the engine rewards."""
