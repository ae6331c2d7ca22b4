"""Path and query parameters as pydantic models: read by a dependency, documented by an operation class."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from litestar import Request
from litestar.di import Provide
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)
from pydantic import BaseModel

from gateway.schemas import model_properties
from gateway.validation import validated

GENERIC = HTTPStatus.BAD_REQUEST.description


def query_of(model: type[BaseModel]) -> Provide:
    """Dependency: the query as a model. Parameters that it does not know are ignored."""

    def read(request: Request[Any, Any, Any]) -> BaseModel:
        return validated(model, dict(request.query_params), "query")

    return Provide(read, sync_to_thread=False)


def path_of(model: type[BaseModel]) -> Provide:
    """Dependency: the parameters of the path as a model."""

    def read(request: Request[Any, Any, Any]) -> BaseModel:
        return validated(model, request.path_params, "path")

    return Provide(read, sync_to_thread=False)


def documented_by(
    *,
    path: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    form: type[BaseModel] | None = None,
    texts: Sequence[str] = (),
) -> type[Operation]:
    """Operation class of a route whose parameters these models read, and whose broken schemas answer 422.

    Args:
        form: fields of a multipart form that has a `file` beside them.
        texts: media types of text that the answer may have instead of JSON.

    """

    @dataclass
    class Documented(Operation):
        def __post_init__(self) -> None:
            described = list(_described(path=path, query=query))
            names = {parameter.name for parameter in described}
            kept = [each for each in self.parameters or [] if getattr(each, "name", None) not in names]
            self.parameters = [*described, *kept]
            if form is not None:
                self.request_body = _form_body(form)
            # Litestar's own word for a schema that is broken; here that is a 422.
            if self.responses and getattr(self.responses.get("400"), "description", "") == GENERIC:
                del self.responses["400"]
            for media_type in texts:
                self._answer()[media_type] = OpenAPIMediaType()

        def _answer(self) -> dict[str, OpenAPIMediaType]:
            answer = (self.responses or {})["200"]
            assert isinstance(answer, OpenAPIResponse)
            assert answer.content is not None
            return answer.content

    return Documented


def _described(**models: type[BaseModel] | None) -> Iterator[Parameter]:
    """Parameters that models read, by their place."""
    for place, model in models.items():
        for name, schema, required in model_properties(model) if model is not None else ():
            yield Parameter(
                name=name, param_in=place, schema=schema, required=required, description=schema.description
            )


def _form_body(model: type[BaseModel]) -> RequestBody:
    fields = list(model_properties(model))
    file = Schema(
        type=OpenAPIType.STRING, content_media_type="application/octet-stream", description="The file."
    )
    schema = Schema(
        type=OpenAPIType.OBJECT,
        properties={"file": file, **{name: schema for name, schema, _ in fields}},
        required=["file", *(name for name, _, required in fields if required)],
    )
    return RequestBody(content={"multipart/form-data": OpenAPIMediaType(schema=schema)}, required=True)
