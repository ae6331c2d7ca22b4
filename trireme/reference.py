"""All settings with their meaning, read from where they are declared."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_type_hints

from trireme.settings import Settings
from trireme.sources import environment_name, written

_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n        .+)*)", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """One setting.

    Attributes:
        default: as it would be written in the environment.

    """

    name: str
    variable: str
    default: str
    meaning: str


def reference() -> Iterator[Entry]:
    """Every setting in the order of declaration."""
    return _entries(Settings(), "")


def markdown() -> str:
    """Every setting as a table."""
    rows = ["| Setting | Environment | Default | Meaning |", "|---|---|---|---|"]
    rows += [
        f"| `{each.name}` | `{each.variable}` | {each.default and f'`{each.default}`'} | {each.meaning} |"
        for each in reference()
    ]
    return "\n".join(rows) + "\n"


def _entries(part: Any, prefix: str) -> Iterator[Entry]:
    documented = _ATTRIBUTE.findall(inspect.getdoc(part) or "")
    meanings = {name: " ".join(text.split()) for name, text in documented}
    hints = get_type_hints(type(part))
    for item in fields(part):
        value = getattr(part, item.name)
        if is_dataclass(hints[item.name]):
            yield from _entries(value, f"{prefix}{item.name}.")
        else:
            name = prefix + item.name
            default = "" if value is None else written(value)
            yield Entry(name, environment_name(name), default, meanings[item.name])
