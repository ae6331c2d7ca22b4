"""The OpenAPI schemas of msgspec structs and pydantic models, by msgspec and pydantic themselves.

Litestar's own lose the limits inside unions, and those of structs describe nothing.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from litestar.openapi.spec import Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition
from pydantic import BaseModel

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


class ModelSchemas(OpenAPISchemaPlugin):
    """Comes before Litestar's own plugin for pydantic."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Every model."""
        return not field_definition.is_union and field_definition.is_subclass_of(BaseModel)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        """Schema of one model with those inside it, registered as a component under its name."""
        schema: Schema = schema_creator.schema_registry.get_schema_for_field_definition(field_definition)
        for name, value in _attributes(_whole(field_definition.annotation)).items():
            setattr(schema, name, value)
        schema.description = (schema.description or "").partition("\n\n")[0]
        schema.examples = [_example(schema)]
        return schema


def _example(schema: Schema) -> dict[str, Any]:
    """An object of the first example of each field."""
    fields = (schema.properties or {}).items()
    return {name: field.examples[0] for name, field in fields if isinstance(field, Schema) and field.examples}


def model_properties(model: type[BaseModel]) -> Iterator[tuple[str, Schema, bool]]:
    """Name, schema and whether it is required of each field of a model."""
    whole = _whole(model)
    for name, schema in whole["properties"].items():
        yield name, _schema(schema), name in whole.get("required", ())


def _whole(model: type[BaseModel]) -> Mapping[str, Any]:
    """JSON Schema of a model with those inside it."""
    schema = model.model_json_schema()
    whole: Mapping[str, Any] = _inlined(schema, schema.pop("$defs", {}))
    return whole


def _inlined(value: Any, components: Mapping[str, Any]) -> Any:
    """A schema with the structs and enumerations that it refers to in their places."""
    match value:
        case {"$ref": reference, **beside}:
            return _inlined({**components[reference.removeprefix(_REFERENCE)], **beside}, components)
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
