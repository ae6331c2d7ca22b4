"""`requirements.txt` of an uploaded model: names and versions, and nothing that would make pip do more."""

import re
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from converters.spec import ConversionError

LARGEST = 1 << 16
"""Bytes of the file."""

_COMMENT = re.compile(r"(^|\s)#.*$")


def read_requirements(path: Path) -> tuple[str, ...]:
    """The requirements, in one spelling and sorted.

    Raises:
        ConversionError: a line is no requirement, or names an address or an option.

    """
    if path.stat().st_size > LARGEST:
        raise _wrong("is longer than 64 KiB")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong("is not UTF-8") from error
    lines = (_COMMENT.sub("", line).strip() for line in text.replace("\\\n", " ").splitlines())
    return tuple(sorted({str(_requirement(line)) for line in lines if line}))


def _requirement(line: str) -> Requirement:
    if line.startswith("-"):
        raise _wrong(f"has the option {line[:100]!r}")
    try:
        requirement = Requirement(line)
    except InvalidRequirement as error:
        raise _wrong(f"has the line {line[:100]!r}, which is no requirement") from error
    if requirement.url is not None:
        raise _wrong(f"names an address: {line[:100]!r}")
    return requirement


def _wrong(what: str) -> ConversionError:
    return ConversionError(
        f"requirements.txt {what}",
        hint="Write one package a line, such as numpy==1.26.4; packages come from this site's index only.",
    )
