"""What a zip holds, with every name, number and size checked before anything is done with it."""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, NamedTuple

from converters.spec import ConversionError
from converters.zips.names import Names, what_is_wrong

LARGEST_READ = 4 << 20
"""Bytes that are taken into memory at a time, and so the largest directory of a zip."""

_IGNORED = ("__MACOSX", ".DS_Store", "Thumbs.db")
"""What desktop systems add to zips and folders without being asked."""

_LOCAL_HEADER = 30
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Others want memory by what the zip says, and no common tool writes them by itself."""


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an unpacked zip may come to.

    Attributes:
        entries: files and folders.
        bytes: of all files together.
        ratio: bytes of all files together for a byte of the zip; weights shrink by less than 2.
        free_bytes: up to this many bytes the ratio does not matter.

    """

    entries: int = 10_000
    bytes: int = 20 * 10**9
    ratio: int = 100
    free_bytes: int = 64 << 20


class Member(NamedTuple):
    """A file of an archive; `path` is where it belongs, without the one top folder."""

    path: str
    info: zipfile.ZipInfo


DEFAULT_LIMITS = ArchiveLimits()


def is_zip(file: IO[bytes]) -> bool:
    """Whether a file ends as a zip does; what is inside may still be anything."""
    return zipfile.is_zipfile(file)


@contextmanager
def reading(
    file: IO[bytes], limits: ArchiveLimits = DEFAULT_LIMITS
) -> Iterator[tuple[zipfile.ZipFile, list[Member]]]:
    """An open zip and its files, all checked; what shows only when a file is read is told alike.

    Raises:
        ConversionError: it is no zip, it is damaged, or it holds what may not be; the message has the name.

    """
    try:
        size = file.seek(0, os.SEEK_END)
        with zipfile.ZipFile(_Sips(file)) as archive:
            yield archive, _members(archive, size, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise ConversionError(f"the zip is damaged: {error}", hint="Make it again, and upload it.") from error


class _Sips:
    """A file that is read in small pieces only; a reader of zips takes a directory of any size at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, LARGEST_READ + 1) if size >= 0 else LARGEST_READ + 1)
        if len(data) > LARGEST_READ:
            raise refused(f"has a directory of more than {LARGEST_READ} bytes")
        return data

    def seekable(self) -> bool:
        return True


def _members(archive: zipfile.ZipFile, size: int, limits: ArchiveLimits) -> list[Member]:
    infos = archive.infolist()
    if not infos:
        raise refused("is empty")
    if len(infos) > limits.entries:
        raise refused(f"holds {len(infos)} entries, more than {limits.entries}")
    members, names = [], Names()
    seen: set[str] = set()
    for info in infos:
        name = info.orig_filename.removesuffix("/")
        problem = what_is_wrong(name) or _kind(info)
        if problem is None and name in seen:
            problem = "is there twice"
        seen.add(name)
        problem = problem or names.add(name, folder=info.is_dir())
        if problem is not None:
            raise refused(f"holds {shown(info)}, which {problem}")
        if not info.is_dir() and not set(name.split("/")) & set(_IGNORED):
            members.append(Member(name, info))
    _check_sizes(members, size, limits)
    _check_places(archive, infos)
    return _without_top(members)


def _kind(info: zipfile.ZipInfo) -> str | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "is a link"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is neither a file nor a folder"
    if info.is_dir():
        return "is a folder with content" if info.file_size else None
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if info.compress_type not in _METHODS:
        return "is compressed in another way than deflate"
    return None


def _check_sizes(members: list[Member], size: int, limits: ArchiveLimits) -> None:
    total = sum(member.info.file_size for member in members)
    allowed = min(limits.bytes, max(limits.free_bytes, limits.ratio * size))
    if total > allowed:
        largest = max(members, key=lambda member: member.info.file_size)
        raise refused(
            f"unpacks to {total} bytes, more than the {allowed} that a zip of {size} may; "
            f"the largest is {shown(largest.info)}"
        )


def _check_places(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> None:
    """No two entries share bytes, which is how small zips hold endless ones."""
    placed = sorted(infos, key=lambda info: info.header_offset)
    ends = [info.header_offset for info in placed[1:]] + [archive.start_dir]
    for info, end in zip(placed, ends, strict=True):
        if info.header_offset + _LOCAL_HEADER + info.compress_size > end:
            raise refused(f"holds {shown(info)}, which overlaps with what follows it")


def _without_top(members: list[Member]) -> list[Member]:
    tops = {member.path.partition("/")[0] for member in members}
    if len(tops) != 1 or any("/" not in member.path for member in members):
        return members
    return [Member(member.path.partition("/")[2], member.info) for member in members]


def shown(info: zipfile.ZipInfo) -> str:
    """A member's name as messages have it, whatever is in it."""
    return ascii(info.orig_filename[:200])


def refused(what: str) -> ConversionError:
    """The zip is whole, and not taken."""
    return ConversionError(
        f"the zip {what}", hint="Zip plain files with plain names, and nothing else; then upload it again."
    )
