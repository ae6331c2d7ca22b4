"""Bodies and parameters, one noun a file."""
