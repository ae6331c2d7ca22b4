"""Which JSON schemas the paged engine follows to the letter.

Its grammars take more than these, but not always as the standard means them: it lets control characters into
strings of limited length, ignores some keywords, reads ranges of fractions wrongly, and fails the step of all
its callers on what it cannot read. So it gets only what it is known to do right; the library does the rest.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

SIZE = 16_384
"""Characters of the longest schema."""

ITEMS = 256
"""Most items that an array may be required or allowed to have."""

INTEGERS = 2**53
"""Bounds of integers lie between this and its negative."""

NAME = re.compile(r"[\w .$@/-]+", re.ASCII)
"""Names of properties."""

ANNOTATIONS = frozenset(
    {"$comment", "$id", "$schema", "default", "deprecated", "description", "examples", "readOnly", "title"}
)
DEFINITIONS = ("$defs", "definitions")

BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
KEYWORDS: Mapping[str, frozenset[str]] = {
    "array": frozenset({"items", "minItems", "maxItems"}),
    "boolean": frozenset(),
    "integer": BOUNDS,
    "null": frozenset(),
    "number": frozenset(),
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "string": frozenset(),
}
"""What may stand beside each type."""


@lru_cache(256)
def is_plain(schema: str) -> bool:
    """Whether the paged engine does all that a schema says."""
    if len(schema) > SIZE:
        return False
    root = json.loads(schema)
    try:
        return isinstance(root, dict) and _whole_is_plain(root)
    except TypeError:  # something in it is not what a schema has in its place
        return False


def _whole_is_plain(root: dict[str, Any]) -> bool:
    """The root and its definitions, which may build on one another but not go in a circle."""
    definitions = {kind: root.pop(kind) for kind in DEFINITIONS if isinstance(root.get(kind), dict)}
    pending = {
        f"#/{kind}/{name}": schema for kind, each in definitions.items() for name, schema in each.items()
    }
    known: set[str] = set()
    while pending:
        ready = {name for name, schema in pending.items() if _is_plain(schema, known)}
        if not ready:
            return False
        known |= ready
        pending = {name: schema for name, schema in pending.items() if name not in ready}
    return _is_plain(root, known)


def _is_plain(schema: Any, names: set[str]) -> bool:
    if not isinstance(schema, dict):
        return schema is True
    said = {key: value for key, value in schema.items() if key not in ANNOTATIONS}
    plain = not said
    match said:
        case {"$ref": name, **others}:
            plain = not others and name in names
        case {"anyOf": [_, *_] as choices, **others}:
            plain = not others and all(_is_plain(each, names) for each in choices)
        case {"enum": [_, *_] as texts, "type": "string", **others}:
            plain = not others and all(isinstance(text, str) for text in texts)
        case {"const": str(), "type": "string", **others}:
            plain = not others
        case {"const": _, **others} | {"enum": [_, *_], **others}:
            plain = not others
        case {"type": [_, *_] as kinds, **others}:
            plain = not others and all(kind in KEYWORDS for kind in kinds)
        case {"type": str(kind), **others} if kind in KEYWORDS:
            plain = others.keys() <= KEYWORDS[kind] and _parts_are_plain(kind, others, names)
    return plain


def _parts_are_plain(kind: str, said: Mapping[str, Any], names: set[str]) -> bool:
    match kind:
        case "object":
            return _object_is_plain(said, names)
        case "array":
            least, most = said.get("minItems", 0), said.get("maxItems", ITEMS)
            return _ordered(least, most, 0, ITEMS) and _is_plain(said.get("items", True), names)
        case "integer":
            return _bounds_are_plain(said)
        case _:
            return True


def _bounds_are_plain(said: Mapping[str, Any]) -> bool:
    """A range on one side only is read rightly where it has no negative numbers."""
    if not all(type(bound) is int for bound in said.values()):
        return False
    least = max(said.get("minimum", -INTEGERS), said.get("exclusiveMinimum", -INTEGERS) + 1)
    most = min(said.get("maximum", INTEGERS), said.get("exclusiveMaximum", INTEGERS) - 1)
    closed = said.keys() & {"maximum", "exclusiveMaximum"} and said.keys() & {"minimum", "exclusiveMinimum"}
    return _ordered(least, most, -INTEGERS, INTEGERS) and (not said or bool(closed) or least >= 0)


def _object_is_plain(said: Mapping[str, Any], names: set[str]) -> bool:
    """Properties of any other name could come under a known one, so they go with no known ones."""
    properties, others = said.get("properties", {}), said.get("additionalProperties")
    if not isinstance(properties, dict) or not all(map(NAME.fullmatch, properties)):
        return False
    if not set(said.get("required", ())) <= properties.keys():
        return False
    if others not in (None, False) and (properties or not _is_plain(others, names)):
        return False
    return all(_is_plain(each, names) for each in properties.values())


def _ordered(least: Any, most: Any, lowest: int, highest: int) -> bool:
    return type(least) is type(most) is int and lowest <= least <= most <= highest
