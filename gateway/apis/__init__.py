"""The public APIs: controllers, schemas and error bodies, one folder each."""
