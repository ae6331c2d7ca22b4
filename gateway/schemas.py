"""The OpenAPI schemas of msgspec structs, by msgspec itself.

Litestar's own loses the limits inside unions, and describes nothing.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar.openapi.spec import Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

_ATTRIBUTES = {spec.metadata.get("alias", spec.name): spec.name for spec in dataclasses.fields(Schema)}
"""Litestar's name of each JSON Schema keyword."""

_REFERENCE = "#/$defs/"
"""How msgspec refers to another component."""


class StructSchemas(OpenAPISchemaPlugin):
    """Comes before Litestar's own plugin for structs."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Every struct; a union of structs is put together by Litestar."""
        return not field_definition.is_union and field_definition.is_subclass_of(msgspec.Struct)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        """Schema of one struct, registered as a component under its name."""
        kind = field_definition.annotation
        schema: Schema = schema_creator.schema_registry.get_schema_for_field_definition(field_definition)
        _, components = msgspec.json.schema_components([kind])
        for name, value in _attributes(_inlined(components[kind.__name__], components)).items():
            setattr(schema, name, value)
        schema.description = (schema.description or "").partition("\n\n")[0]
        return schema


def _inlined(value: Any, components: Mapping[str, Any]) -> Any:
    """A schema with the structs and enumerations that it refers to in their places."""
    match value:
        case {"$ref": reference}:
            return _inlined(components[reference.removeprefix(_REFERENCE)], components)
        case dict():
            return {name: _inlined(each, components) for name, each in value.items()}
        case list():
            return [_inlined(each, components) for each in value]
    return value


def _attributes(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {_ATTRIBUTES[keyword]: _value(keyword, value) for keyword, value in schema.items()}


def _value(keyword: str, value: Any) -> Any:
    match keyword:
        case "items":
            return _schema(value)
        case "anyOf" | "oneOf" | "allOf" | "prefixItems":
            return [_schema(each) for each in value]
        case "properties":
            return {name: _schema(each) for name, each in value.items()}
    return value


def _schema(schema: Mapping[str, Any]) -> Schema:
    return Schema(**_attributes(schema))
