"""TensorRT plans of a plain graph: typed, judged, built and kept by what they were built from."""
