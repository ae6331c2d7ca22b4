"""Whatever the code of a model's author does: fields in, a bare result out."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from control_plane.catalog import Provider
from gateway.serving.errors import OverloadedError
from gateway.serving.triton import TritonPool
from model_repository.custom import REPLY, Ending, call_tensors, read_reply
from model_repository.errors import InferenceError
from model_repository.heads import CustomHead
from model_repository.manifest import Manifest, Task

MAX_CALLS = 16
"""Calls of one model that may be under way or wait; it takes them one after the other."""

GRACE_SECONDS = 5.0


class CustomTask:
    """Calls go unsplit and unchanged to the model, and take no place from those of other models."""

    def __init__(self, triton: TritonPool) -> None:
        self._triton = triton
        self._calls: Counter[str] = Counter()

    async def run(self, provider: Provider, task: Task, params: bytes) -> bytes:
        """JSON of what the model returned.

        Args:
            params: the request's fields, a JSON object.

        Raises:
            InferenceError: the model raised, took too much or too long; says what.
            ServerUnavailableError: no Triton server answers.
            OverloadedError: too many calls of this model wait already.

        """
        graph = provider.graph(task)
        assert isinstance(graph.head, CustomHead)
        with self._place(graph) as position:
            seconds = graph.head.load_seconds + position * graph.head.call_seconds + GRACE_SECONDS
            tensors = call_tensors(task, params)
            outputs = await self._triton.call(provider, graph, tensors, (REPLY,), seconds=seconds)
        reply = read_reply(outputs)
        match reply.ending:
            case Ending.ANSWERED:
                return bytes(reply.result)
            case Ending.RAISED:
                raise InferenceError(f"model {graph.name} failed: {reply.error}")
            case Ending.STOPPED:
                raise InferenceError(
                    f"model {graph.name} was ended: {reply.error}", hint="The next call starts it again."
                )

    @contextmanager
    def _place(self, graph: Manifest) -> Iterator[int]:
        """Position in the queue of a model, from 1."""
        if self._calls[graph.entry] >= MAX_CALLS:
            raise OverloadedError(f"{MAX_CALLS} calls of model {graph.name} are under way")
        self._calls[graph.entry] += 1
        try:
            yield self._calls[graph.entry]
        finally:
            self._calls[graph.entry] -= 1
            if not self._calls[graph.entry]:
                del self._calls[graph.entry]
