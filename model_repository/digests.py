"""Digests of an entry's files, in the format that `sha256sum --check SHA256SUMS` reads."""

import hashlib
from pathlib import Path

from model_repository import layout


def of_folder(folder: Path) -> dict[str, str]:
    """SHA-256 in hexadecimal of every file below a folder, the list of digests left out, by relative path."""
    digests = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != layout.DIGESTS:
            with path.open("rb") as file:
                digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def encode(digests: dict[str, str]) -> str:
    """Lines of digest and path."""
    return "".join(f"{digest}  {name}\n" for name, digest in digests.items())


def decode(text: str) -> dict[str, str]:
    """Digests by path from such lines."""
    return {name: digest for digest, _, name in (line.partition("  ") for line in text.splitlines())}
