"""The OpenGateLLM API, version 0.4.1."""
