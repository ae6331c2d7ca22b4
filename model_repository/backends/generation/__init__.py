"""Text generation inside Triton: the backend `generation` and its engines."""
