"""Models and their numbered versions."""
