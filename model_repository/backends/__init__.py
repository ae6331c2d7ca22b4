"""Python-based Triton backends: what the embedded server runs in place of the vendor's native ones."""
