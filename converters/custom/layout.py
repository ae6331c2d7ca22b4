"""The files of an uploaded model of its author's own code, and what its `config.json` says.

    config.json         description, tasks, details
    requirements.txt    pip requirements, one a line; may be empty
    model.bin           one callable object, serialised with dill; or `inference.py` with two functions

Any other files may lie beside them.
"""

from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from converters.spec import ConversionError

CONFIG = "config.json"
REQUIREMENTS = "requirements.txt"
LARGEST_CONFIG = 1 << 20
"""Bytes of `config.json`; real ones have less than a thousand."""


class CustomTask(StrEnum):
    """What a model can declare; the string that it gets with each call."""

    TEXT_VECTORISATION = "text-vectorisation"
    QA = "qa"
    TEXT_CLASSIFICATION = "text-classification"
    IMAGE_CLASSIFICATION = "image-classification"
    IMAGE_VECTORISATION = "image-vectorisation"
    IMAGE_TEXT_VECTORISATION = "image-text-vectorisation"
    TEXT_GENERATION = "text-generation"
    SUMMARISATION = "summarisation"
    EMOTION = "emotion"
    CUSTOM = "custom"


class Loader(StrEnum):
    """The file that the model is made from, by its name."""

    PICKLE = "model.bin"
    MODULE = "inference.py"


class CustomConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A model of its author's own code, as far as can be said without running it.

    Attributes:
        tasks: at least one, each once, in the order of the file.
        details: whatever the author wrote there.
        loader: `model.bin` where there are both, because a module may be one of the other files.

    """

    description: str
    tasks: tuple[CustomTask, ...]
    details: dict[str, Any]
    loader: Loader


def has_code(folder: Path) -> bool:
    """Whether the folder means to be such a model, however broken."""
    return any((folder / name).is_file() for name in Loader)


def read_custom_config(folder: Path) -> CustomConfig:
    """Check that the files are there, and read what `config.json` says.

    Raises:
        ConversionError: a file is missing, or `config.json` is not what it should be; the message says where.

    """
    missing = [name for name in (CONFIG, REQUIREMENTS) if not (folder / name).is_file()]
    if not has_code(folder):
        missing.append(" or ".join(Loader))
    if missing:
        raise ConversionError(
            f"the zip lacks {', '.join(missing)}",
            hint=f"Put {CONFIG}, {REQUIREMENTS} and model.bin at the top of the zip.",
        )
    config = _read_object(folder / CONFIG)
    return CustomConfig(
        description=_text(config.get("description")),
        tasks=_tasks(config.get("tasks")),
        details=_details(config.get("details")),
        loader=next(name for name in Loader if (folder / name).is_file()),
    )


def _read_object(path: Path) -> dict[str, Any]:
    if path.stat().st_size > LARGEST_CONFIG:
        raise _wrong(f"is larger than {LARGEST_CONFIG >> 10} KiB", "Keep what is large in files of its own.")
    try:
        # Editors on Windows begin a file with a mark that JSON does not have.
        config = msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _wrong(f"is not JSON: {error}", "Save it as JSON in UTF-8.") from error
    except RecursionError as error:
        raise _wrong("is nested too deeply", "Keep what is large in files of its own.") from error
    if not isinstance(config, dict):
        raise _wrong("is not an object", 'Write {"description": "…", "tasks": ["…"]}.')
    return config


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong("has a description that is not a string", 'Write "description": "one line".')
    return value


def _tasks(value: object) -> tuple[CustomTask, ...]:
    known = ", ".join(CustomTask)
    if not isinstance(value, list) or not value:
        what = "an empty list of tasks" if value == [] else "no list of tasks"
        raise _wrong(f"has {what}", f'Write "tasks": ["custom"], or any of {known}.')
    unknown = [task for task in value if task not in list(CustomTask)]
    if unknown:
        shown = msgspec.json.encode(unknown[0]).decode()[:100]
        raise _wrong(f"has the unknown task {shown}", f"Tasks are {known}.")
    return tuple(map(CustomTask, dict.fromkeys(value)))


def _details(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong("has details that are not an object", "Leave details out, or make them an object.")
    return value


def _wrong(what: str, hint: str) -> ConversionError:
    return ConversionError(f"{CONFIG} {what}", hint=hint)
