"""Digests of an entry's files, in the format that `sha256sum --check SHA256SUMS` reads."""

import hashlib
from pathlib import Path

from model_repository import layout


def of(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def of_file(path: Path) -> str:
    """SHA-256 in hexadecimal of a file of any size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_folder(folder: Path) -> dict[str, str]:
    """SHA-256 in hexadecimal of every file below a folder, the list of digests left out, by relative path."""
    names = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    return {name: of_file(path) for name, path in names.items() if name != layout.DIGESTS}


def encode(digests: dict[str, str]) -> str:
    """Lines of digest and path."""
    return "".join(f"{digest}  {name}\n" for name, digest in digests.items())


def decode(text: str) -> dict[str, str]:
    """Digests by path from such lines."""
    return {name: digest for digest, _, name in (line.partition("  ") for line in text.splitlines())}
