"""Optimise: as for given graphs."""

from converters.given.stages.optimise import run

__all__ = ["run"]
