"""Zips of strangers. Nothing here is heavy: gateways look into zips too."""
