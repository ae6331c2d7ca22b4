"""What tests of the storage in a folder share."""

from collections.abc import Callable
from pathlib import Path

from model_repository.manifest import Manifest

MakeFolder = Callable[[Manifest], Path]


def remains(root: Path) -> list[str]:
    """Everything that lies in the folder but the lock."""
    return sorted(path.name for path in root.iterdir() if path.name != ".lock")
