"""The stages of given graphs."""
