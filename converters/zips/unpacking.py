"""Unpacks a zip as a stream: no file of it is ever whole in memory."""

import os
import zipfile
from pathlib import Path

from converters.messages import Progress
from converters.zips.reading import DEFAULT_LIMITS, ArchiveLimits, reading, refused, shown

PIECE = 1 << 20


def unpack(archive: Path, target: Path, progress: Progress, limits: ArchiveLimits = DEFAULT_LIMITS) -> None:
    """Write the files of a zip into an empty folder; a single folder at its top is left out.

    Raises:
        ConversionError: it is no zip, it is damaged, or it holds what may not be; the message has the name.

    """
    with archive.open("rb") as file, reading(file, limits) as (whole, members):
        total = sum(member.info.file_size for member in members) or 1
        done = 0
        for path, info in members:
            progress(100 * done / total, f"unpacking {path}")
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            _write(whole, info, target / path)
            done += info.file_size


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    written = 0
    with archive.open(info) as packed, os.fdopen(os.open(target, flags, 0o644), "wb") as file:
        while piece := packed.read(PIECE):
            written += len(piece)
            if written > info.file_size:
                break
            file.write(piece)
    if written != info.file_size:
        raise refused(f"holds {shown(info)}, which is not as long as it says")
