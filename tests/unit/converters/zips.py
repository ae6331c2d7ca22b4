"""Zips as strangers make them."""

import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path

Entry = tuple[str | zipfile.ZipInfo, bytes]


def write_zip(path: Path, *entries: Entry, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def with_mode(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def overlapping(path: Path, names: Iterable[str], content: bytes) -> Path:
    """Every name leads to the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one", content)
        one = archive.infolist()[0]
        for name in names:
            other = zipfile.ZipInfo(name)
            other.compress_type, other.CRC = one.compress_type, one.CRC
            other.compress_size, other.file_size = one.compress_size, one.file_size
            other.header_offset = one.header_offset
            archive.filelist.append(other)
    return path


def patched(path: Path, offset: int, data: bytes) -> Path:
    content = bytearray(path.read_bytes())
    content[offset : offset + len(data)] = data
    path.write_bytes(content)
    return path


def directory(path: Path) -> int:
    """Where the first entry of the directory begins."""
    return path.read_bytes().index(b"PK\x01\x02")


def resized(path: Path, size: int) -> Path:
    """The directory says that the first file has another size."""
    return patched(path, directory(path) + 24, struct.pack("<L", size))
