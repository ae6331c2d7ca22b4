"""Conversations with models that generate: what is asked, what comes back, and what lies between the two."""
