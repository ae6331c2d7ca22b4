"""Bodies, queries and paths of the OpenGateLLM API, checked by pydantic.

Its published errors are pydantic's own, several at a time: type, place, message, input. JSON itself is read
by msgspec, which is strict about syntax, so that whatever is told back can be written as JSON again.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import msgspec
from litestar.dto import AbstractDTO
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition
from pydantic import BaseModel, ValidationError

from model_repository.errors import TriremeError

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

Problem = Mapping[str, Any]
"""One broken rule: `type`, `loc`, `msg`, `input` and sometimes `ctx`."""

_OFFSET = re.compile(r" \(byte (\d+)\)$")


class SchemaError(TriremeError):
    """The request breaks rules of its schema; `problems` lists all of them."""

    status = 422
    code = "invalid_request"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem['loc']}: {problem['msg']}" for problem in problems))
        self.problems = problems


class ModelJSON(AbstractDTO[T]):
    """Give it to a handler as `dto=ModelJSON[Model], return_dto=None` beside `data: Model`."""

    model: ClassVar[type[BaseModel]]

    @classmethod
    def create_for_field_definition(cls, field_definition: FieldDefinition, *_: Any, **__: Any) -> None:
        """Remember the model; the base class would make transfer models."""
        cls.model = cls.model_type  # type: ignore[assignment]  # the parameter of ModelJSON[…]

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any
    ) -> Reference | Schema:
        """Document the model itself."""
        schema: Reference | Schema = schema_creator.for_field_definition(field_definition)
        return schema

    def decode_bytes(self, value: bytes) -> Any:
        """Body of the request as the model.

        Raises:
            SchemaError: not JSON, or rules are broken.

        """
        return validated(self.model, read_json(value), "body")


def read_json(body: bytes) -> Any:
    """Value of a JSON text.

    Raises:
        SchemaError: it is none; `loc` has the offset of the first byte that cannot be.

    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error)
        found = _OFFSET.search(reason)
        offset = int(found[1]) if found else len(body)
        raise SchemaError(
            [
                {
                    "type": "json_invalid",
                    "loc": ["body", offset],
                    "msg": "JSON decode error",
                    "input": {},
                    "ctx": {"error": _OFFSET.sub("", reason)},
                }
            ]
        ) from None


def validated(model: type[M], value: object, place: str) -> M:
    """`value` as a model.

    Args:
        place: `body`, `query` or `path`, the first part of each `loc`.

    Raises:
        SchemaError: rules are broken.

    """
    try:
        return model.model_validate(value, from_attributes=True)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        raise SchemaError([_told(problem, place) for problem in problems]) from None


def _told(problem: Mapping[str, Any], place: str) -> Problem:
    """A problem as it is published: from the place on, and without Python's objects."""
    told = {**problem, "loc": [place, *problem["loc"]]}
    if isinstance(problem.get("ctx", {}).get("error"), Exception):
        told["ctx"] = {"error": {}}
    return told
