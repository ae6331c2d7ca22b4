"""Endpoints of a task, for uploaded models that declare it: the fields go to the model as they are."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import msgspec
import orjson
from litestar import Request, Response

from control_plane.catalog import Key
from gateway.apis.backprop.tasks import respond
from gateway.batch import Batch
from gateway.serving.engine import Engine
from model_repository.manifest import Task

Handler = Callable[..., Awaitable[Response[bytes]]]


def or_uploaded(task: Task, *keys: str) -> Callable[[Handler], Handler]:
    """Have a handler answered by the caller's own model, where its code was uploaded for the task.

    The body has passed the endpoint's checks by then. Batches are not split.

    Args:
        keys: of the answer; each holds the bare result.

    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def answer(
            self: Any, request: Request[Key, Key, Any], data: Batch[Any], engine: Engine
        ) -> Response[bytes]:
            model = data.shared.model
            if not model or not engine.has_custom(request.auth, task, model):
                return await handler(self, request=request, data=data, engine=engine)
            result = await engine.run_custom(request.auth, task, model, await fields(request))
            return respond(**dict.fromkeys(keys, orjson.Fragment(result)))

        return answer

    return decorate


async def fields(request: Request[Key, Key, Any]) -> bytes:
    """The body without the model's name, as JSON."""
    body = msgspec.json.decode(await request.body(), type=dict[str, msgspec.Raw])
    body.pop("model", None)
    return msgspec.json.encode(body)
