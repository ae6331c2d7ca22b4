"""The hot path: one way from a name and inputs to an answer, for every API."""
