"""What a source says of places outside of its own folder: forgotten before anything follows it."""

import json
import logging
from pathlib import Path
from typing import Any

SETTINGS = ("tokenizer_config.json", "special_tokens_map.json")
"""Files whose entries transformers hands to a tokenizer's constructor, which opens those that name files."""

POSITIONAL = "init_inputs"
"""Likewise, but without names."""

_TEXTS = ("chat_template",)
_TOKEN = "_token"  # noqa: S105  # the end of the names of special tokens

logger = logging.getLogger(__name__)


def forget_places(folder: Path) -> None:
    """Drop what leads a tokenizer to files; its own are found by their names.

    An honest one has such entries too, left over from the machine that saved it (`name_or_path`,
    `tokenizer_file`), which is why they are no reason to refuse it. Files that are no JSON objects stay as
    they are: whoever reads them in earnest says what is wrong.
    """
    for path in (path for name in SETTINGS for path in folder.rglob(name) if path.is_file()):
        try:
            entries = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            continue
        if not isinstance(entries, dict):
            continue
        kept = {name: value for name, value in entries.items() if not _leads_away(name, value)}
        if dropped := sorted(entries.keys() - kept.keys()):
            logger.info("%s: without %s, which name places", path.name, ", ".join(map(ascii, dropped)))
            path.write_text(json.dumps(kept))


def _leads_away(name: str, value: Any) -> bool:
    if name == POSITIONAL:
        return True
    if not isinstance(value, str) or name.endswith(_TOKEN) or name in _TEXTS:
        return False
    return "/" in value or _exists(value)


def _exists(name: str) -> bool:
    """Whether a name without a folder is a file where this process happens to be."""
    try:
        return bool(name) and Path(name).exists()
    except (OSError, ValueError):  # too long for a name, or with a NUL
        return False
