"""Compile: as for given graphs."""

from converters.given.stages.compile import run

__all__ = ["run"]
