"""The way of every call of the OpenAI-compatible API, from a model's name to its answer."""
