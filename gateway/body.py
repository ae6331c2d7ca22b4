"""Request bodies from JSON bytes straight into msgspec structs, with errors that name the field and its rule.

Litestar by itself parses the JSON first and converts it in msgspec's lax mode, which takes the text "5" for a
number; this way is strict, and parses once.
"""

import re
from typing import Any, ClassVar, TypeVar, get_type_hints

import msgspec
from litestar.dto import AbstractDTO
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from model_repository.errors import TriremeError

T = TypeVar("T")

_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`$")
_WRONG = re.compile(r"(?P<reason>.*) - at `\$\.(?P<path>(?P<field>[^.\[]+)[^`]*)`$")


class BadRequestError(TriremeError):
    """The request cannot be understood; the message names the field and says what would be right."""

    status = 400
    code = "invalid_request"


class BodyTooLargeError(TriremeError):
    """The body is larger than this server takes."""

    status = 413
    code = "body_too_large"


class StrictJSON(AbstractDTO[T]):
    """Give it to a handler as `dto=StrictJSON[Struct], return_dto=None` beside `data: Struct`."""

    decoder: ClassVar[msgspec.json.Decoder[Any]]

    @classmethod
    def create_for_field_definition(cls, field_definition: FieldDefinition, *_: Any, **__: Any) -> None:
        """Prepare the decoder when the handler is registered; the base class would make transfer models."""
        cls.decoder = msgspec.json.Decoder(cls.model_type)

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any
    ) -> Reference | Schema:
        """Document the struct itself."""
        schema: Reference | Schema = schema_creator.for_field_definition(field_definition)
        return schema

    def decode_bytes(self, value: bytes) -> T:
        """Body of the request as the struct.

        Raises:
            BadRequestError: not JSON, not an object, or a field that breaks its rule.

        """
        body: T = decode(value, self.decoder)
        return body


def decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode `body`; see `StrictJSON.decode_bytes`."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise BadRequestError(_explain(str(error), decoder.type)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequestError(f"the body is not valid JSON: {error}") from None
    except RecursionError:
        raise BadRequestError("the body is nested too deeply") from None


def _explain(problem: str, kind: type[Any]) -> str:
    """What msgspec found, in the words of the struct's field descriptions."""
    if missing := _MISSING.match(problem):
        field = missing["field"]
        return f"`{field}` is missing: it must be {_rule(kind, field)}"
    if wrong := _WRONG.match(problem):
        field, reason = wrong["field"], wrong["reason"]
        reason = reason[0].lower() + reason[1:]
        return f"`{field}` must be {_rule(kind, field)}: {reason} at `{wrong['path']}`"
    return f"the body must be a JSON object: {problem[0].lower() + problem[1:]}"


def _rule(kind: type[Any], field: str) -> str:
    """Description of a field, which says what a right value is."""
    metas = get_type_hints(kind, include_extras=True)[field].__metadata__
    rule: str = next(meta.description for meta in metas if meta.description)
    return rule
