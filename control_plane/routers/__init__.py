"""Routers: what callers name, and the providers behind it."""
