"""Compile: as for exported graphs."""

from converters.stages.compile import run

__all__ = ["run"]
