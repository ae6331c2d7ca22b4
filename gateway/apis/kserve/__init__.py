"""The KServe v2 inference protocol over HTTP, as Triton itself and its clients speak it."""
