"""Verify: as for exported graphs."""

from converters.stages.verify import run

__all__ = ["run"]
