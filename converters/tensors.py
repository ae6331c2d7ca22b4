"""Named tensors as they go in and out of a graph."""

from collections.abc import Mapping

from model_repository.tensors import Array

Tensors = Mapping[str, Array]
"""Inputs or outputs of a graph by name, batch axis first."""
