"""Zips that model authors upload: tickets, their bytes, and the builds that they start."""
