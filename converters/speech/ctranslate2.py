"""Reads `model.bin` of CTranslate2: named tensors one after the other. It is data and holds no code.

All numbers are little-endian, and every string is its length in 2 bytes, the text and a zero byte:

    4 bytes   version of the format
    string    name of the specification, such as `WhisperSpec`
    4 bytes   revision of the specification
    4 bytes   number of tensors, then each of them:
        string    name
        1 byte    number of axes, then 4 bytes for the size of each
        1 byte    type of the numbers
        4 bytes   size in bytes, then the numbers themselves
    4 bytes   number of aliases, then two strings for each: another name, and the tensor's
"""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

MODEL = "model.bin"
VERSION = 6

_TYPES: dict[int, type[np.generic]] = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


class DamagedFileError(Exception):
    """The file is not what it should be."""


def specification(path: Path) -> str | None:
    """Name of the specification of a file, or None for one that is not CTranslate2's."""
    with path.open("rb") as file:
        try:
            return _header(file)
        except DamagedFileError:
            return None


def read_tensors(path: Path) -> dict[str, NDArray[np.generic]]:
    """All tensors by name, without the aliases.

    Raises:
        DamagedFileError: the file ends early, or has types that are not read: bfloat16 and 4-bit weights.

    """
    with path.open("rb") as file:
        _header(file)
        (_revision, number) = _unpack(file, "II")
        return dict(_tensor(file) for _ in range(number))


def _header(file: BinaryIO) -> str:
    (version,) = _unpack(file, "I")
    if version != VERSION:
        raise DamagedFileError(f"the format's version is {version}, not {VERSION}")
    return _string(file)


def _tensor(file: BinaryIO) -> tuple[str, NDArray[np.generic]]:
    name = _string(file)
    (axes,) = _unpack(file, "B")
    shape = _unpack(file, f"{axes}I")
    kind, size = _unpack(file, "BI")
    if kind not in _TYPES:
        raise DamagedFileError(f"the tensor {name} has numbers of the unknown type {kind}")
    array = np.frombuffer(_read(file, size), _TYPES[kind])
    if array.size != np.prod(shape, dtype=np.int64):
        raise DamagedFileError(f"the tensor {name} has {array.size} numbers for the shape {shape}")
    return name, array.reshape(shape)


def _string(file: BinaryIO) -> str:
    (length,) = _unpack(file, "H")
    try:
        return _read(file, length).removesuffix(b"\0").decode("ascii")
    except UnicodeDecodeError as error:
        raise DamagedFileError("a name is no text") from error


def _unpack(file: BinaryIO, layout: str) -> tuple[int, ...]:
    whole = struct.Struct(f"<{layout}")
    return whole.unpack(_read(file, whole.size))


def _read(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise DamagedFileError("the file ends early")
    return data
