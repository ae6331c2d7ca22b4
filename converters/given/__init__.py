"""Models that come as ONNX graphs: nothing is exported, and what was given is the original."""
