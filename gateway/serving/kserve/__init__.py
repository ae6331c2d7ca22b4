"""The KServe v2 inference protocol: whole tensors, by the names that a graph itself gives them."""
