"""Verify: as for given graphs."""

from converters.given.stages.verify import run

__all__ = ["run"]
