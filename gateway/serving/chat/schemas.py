"""JSON schemas that answers follow: checked before a model works for them, and made for calls of tools."""

import json
from collections.abc import Sequence
from typing import Any

from llguidance import LLMatcher

from gateway.serving.chat.dialects import Dialect
from gateway.serving.chat.errors import InvalidSchemaError
from gateway.serving.chat.messages import JsonObject, Tool


def checked(schema: JsonObject, field: str) -> str:
    """The schema as JSON, once it is known that answers can follow it.

    Args:
        field: where the caller wrote it.

    Raises:
        InvalidSchemaError: it is wrong, or says what the grammars have no words for.

    """
    text = json.dumps(schema)
    cause = LLMatcher.validate_grammar(LLMatcher.grammar_from_json_schema(text))
    if cause:
        raise InvalidSchemaError(f"`{field}` cannot be followed: {' '.join(cause.split())}")
    return text


def call_schema(tools: Sequence[Tool], dialect: Dialect) -> str:
    """Schema of a call of one of the tools.

    Raises:
        InvalidSchemaError: as `checked`.

    """
    for tool in tools:
        checked(tool.parameters, f"tools.{tool.name}.parameters")
    definitions: dict[str, Any] = {}
    calls = []
    for number, tool in enumerate(tools):
        parameters = dict(_moved(tool.parameters, number))
        for kind in ("$defs", "definitions"):
            moved = parameters.pop(kind, {})
            definitions |= {f"{number}.{name}": schema for name, schema in moved.items()}
        definitions[str(number)] = parameters
        calls.append(
            {
                "type": "object",
                "properties": {
                    "name": {"const": tool.name},
                    dialect.arguments: {"$ref": f"#/$defs/{number}"},
                },
                "required": ["name", dialect.arguments],
                "additionalProperties": False,
            }
        )
    whole: dict[str, Any] = calls[0] if len(calls) == 1 else {"anyOf": calls}
    return json.dumps({"$defs": definitions, **whole})


def _moved(schema: Any, number: int) -> Any:
    """The same with its references leading to where it lies among the definitions of all tools."""
    if isinstance(schema, list):
        return [_moved(each, number) for each in schema]
    if not isinstance(schema, dict):
        return schema
    moved = {key: _moved(value, number) for key, value in schema.items()}
    target = moved.get("$ref")
    if target == "#":
        moved["$ref"] = f"#/$defs/{number}"
    elif isinstance(target, str):
        for kind in ("#/$defs/", "#/definitions/"):
            if target.startswith(kind):
                moved["$ref"] = f"#/$defs/{number}.{target.removeprefix(kind)}"
    return moved
