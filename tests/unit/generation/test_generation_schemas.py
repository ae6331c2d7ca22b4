"""Which schemas the paged engine is trusted with."""

import json

import pytest

from model_repository.backends.generation.schemas import ITEMS, SIZE, is_plain

PLAIN = [
    {},
    {"type": "object"},
    {"type": "string", "description": "a name", "default": "x"},
    {"type": "integer", "minimum": 0},
    {"type": "integer", "minimum": -5, "exclusiveMaximum": 5},
    {"type": ["string", "null"]},
    {"enum": [1, "a", None]},
    {"type": "string", "enum": ["a", "b"]},
    {"anyOf": [{"const": 1}, {"type": "null"}]},
    {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]},
    {"type": "object", "additionalProperties": {"type": "boolean"}},
    {
        "$ref": "#/$defs/b",
        "$defs": {"a": {"const": 1}, "b": {"type": "array", "items": {"$ref": "#/$defs/a"}}},
    },
]
OTHERS = [
    True,
    {"type": "string", "maxLength": 3},
    {"type": "string", "format": "date"},
    {"type": "number", "minimum": 0},
    {"type": "integer", "minimum": -5},
    {"type": "integer", "minimum": 5, "maximum": 4},
    {"type": "integer", "minimum": 1.5},
    {"type": "integer", "enum": [1]},
    {"type": "array", "uniqueItems": True},
    {"type": "array", "maxItems": ITEMS + 1},
    {"type": "array", "items": {"not": {}}},
    {"type": "object", "required": ["missing"]},
    {"type": "object", "required": [{}]},
    {"type": "object", "properties": {'"': {}}},
    {"type": "object", "properties": {"a": {}}, "additionalProperties": True},
    {"type": "thing"},
    {"type": [["string"]]},
    {"oneOf": [{"const": 1}]},
    {"anyOf": [{"const": 1}], "type": "integer"},
    {"$ref": "#/$defs/missing"},
    {"$ref": ["#"]},
    {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, {"const": 1}]}}},
    {"description": "x" * SIZE},
    {"invented": 1},
]


@pytest.mark.parametrize("schema", PLAIN, ids=json.dumps)
def test_plain_schemas(schema: object) -> None:
    assert is_plain(json.dumps(schema))


@pytest.mark.parametrize("schema", OTHERS, ids=lambda schema: json.dumps(schema)[:60])
def test_all_others(schema: object) -> None:
    assert not is_plain(json.dumps(schema))
