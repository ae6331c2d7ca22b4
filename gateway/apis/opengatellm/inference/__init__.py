"""The endpoints that put models to work."""
