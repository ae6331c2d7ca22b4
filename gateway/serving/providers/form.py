"""Bodies sent to upstreams: JSON objects, and multipart forms with a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
"""A JSON object."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a form."""

    name: str
    content: bytes
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Form:
    """A multipart form; its file is called `file`."""

    fields: Mapping[str, str]
    file: File


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """A recording that is to be written down.

    Attributes:
        language: code or English name; empty to have it found out.
        prompt: text that leads the transcription; empty for none.

    """

    file: File
    language: str = ""
    prompt: str = ""
    temperature: float = 0.0
