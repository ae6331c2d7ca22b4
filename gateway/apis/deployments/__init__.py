"""`/deployments`: which versions of a model answer, and how the requests are divided."""
