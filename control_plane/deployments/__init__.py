"""Deployments: which versions of a model take part in its traffic, and how they do there."""
