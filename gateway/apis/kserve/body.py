"""The body of a request: JSON, and perhaps bytes of tensors behind it."""

import re
from typing import Any

import msgspec
from litestar.dto import AbstractDTO
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from gateway.body import BadRequestError, decode
from gateway.serving.kserve.messages import InferRequest
from gateway.serving.kserve.reading import Message

JSON_BYTES = "Inference-Header-Content-Length"
"""The header that says how many bytes of a body are JSON; without it all of them are."""

_DIGITS = re.compile("[0-9]{1,12}")
_DECODER = msgspec.json.Decoder(InferRequest)


class InferBody(AbstractDTO[Message]):
    """Give it to a handler as `dto=InferBody, return_dto=None` beside `data: Message`."""

    @classmethod
    def create_for_field_definition(cls, field_definition: FieldDefinition, *_: Any, **__: Any) -> None:
        """Nothing is to be prepared; the base class would make transfer models."""

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any
    ) -> Reference | Schema:
        """Document the JSON."""
        schema: Reference | Schema = schema_creator.for_field_definition(
            FieldDefinition.from_annotation(InferRequest)
        )
        return schema

    def decode_bytes(self, value: bytes) -> Message:
        """The request.

        Raises:
            BadRequestError: the header is no number of bytes, or the JSON is not what it should be.

        """
        told = self.asgi_connection.headers.get(JSON_BYTES, str(len(value)))
        if not _DIGITS.fullmatch(told) or (length := int(told)) > len(value):
            raise BadRequestError(f"`{JSON_BYTES}` must be bytes of the body, which has {len(value)}")
        return Message(decode(value[:length], _DECODER), memoryview(value)[length:])
