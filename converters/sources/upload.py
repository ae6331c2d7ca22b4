"""`upload:ID`: a zip that a model author has sent."""

import hashlib
from pathlib import Path

from converters.messages import Progress
from converters.spec import ConversionError
from converters.zips.unpacking import unpack


def fetch(reference: str, archive: Path, sha256: str | None, target: Path, progress: Progress) -> str:
    """Unpack all of the zip; what it is shows in its files.

    Raises:
        ConversionError: it is not what arrived, or nothing that may be unpacked.

    """
    if not archive.is_file():
        raise ConversionError("the uploaded zip is no longer there", hint="Upload the model again.")
    if sha256 is not None:
        progress(0, "checking the zip")
        _check(archive, sha256)
    unpack(archive, target, lambda percent, message: progress(5 + 0.75 * percent, message))
    return f"upload:{reference}"


def _check(archive: Path, sha256: str) -> None:
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise ConversionError(
            "the zip is not what has arrived: its digest is another", hint="Upload the model again."
        )
