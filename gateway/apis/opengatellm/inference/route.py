"""Declares endpoints whose JSON body names the model."""

from collections.abc import Callable, Mapping
from typing import Any

from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from gateway.parameters import documented_by
from gateway.sse import MEDIA_TYPE as EVENT_STREAM


def answering_route(
    path: str = "/",
    *,
    name: str,
    summary: str,
    body: Any,
    responses: Mapping[int, ResponseSpec],
    streams: bool = False,
) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Decorates the method that answers a POST.

    Args:
        name: id of the operation in the documentation.
        body: `GrantedJSON` of the model that the body is checked by.
        streams: the answer may also come as events.

    """
    return post(
        path,
        status_code=200,
        operation_id=name,
        summary=summary,
        dto=body,
        return_dto=None,
        operation_class=documented_by(texts=(EVENT_STREAM,) if streams else ()),
        responses=responses,
    )
