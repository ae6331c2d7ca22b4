"""What can be told of a zip when it arrives, without unpacking it."""

from typing import BinaryIO, NamedTuple

import msgspec

from converters.custom.layout import CONFIG, LARGEST_CONFIG, REQUIREMENTS, Loader
from converters.spec import ConversionError
from converters.zips.reading import reading

TOLD = (CONFIG, REQUIREMENTS, *map(str, Loader))
"""Files that their owner can read back."""


class Contents(NamedTuple):
    """What an upload holds, as far as its owner is told.

    Attributes:
        files: members of the zip by their names without the one top folder.
        description: what `config.json` says, or an empty string.

    """

    files: dict[str, str]
    description: str = ""


class _Described(msgspec.Struct):
    description: str = ""


def read_contents(file: BinaryIO) -> Contents:
    """Look into a zip; one that cannot be read tells nothing here, and why in its build."""
    try:
        with reading(file) as (archive, members):
            told = {member.path: member.info for member in members if member.path in TOLD}
            files = {path: info.filename for path, info in told.items()}
            config = told.get(CONFIG)
            if config is None or config.file_size > LARGEST_CONFIG:
                return Contents(files)
            return Contents(files, msgspec.json.decode(archive.read(config), type=_Described).description)
    except ConversionError:
        return Contents({})
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Contents(files)
