"""The Backprop API, v1.0.0: its router, wired to the key's header and the error bodies of its reference."""
