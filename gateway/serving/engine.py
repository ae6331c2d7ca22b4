"""The one way from a model's name to its answer: name, route, task, batch, Triton. Every API takes it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from control_plane.catalog import Key, Provider
from gateway.serving.snapshots import Snapshots
from gateway.serving.tasks.embedding import Embeddings, EmbeddingTask
from model_repository.manifest import Task


class Engine:
    """Resolves a name in the snapshot and runs the task on the provider behind it."""

    def __init__(self, snapshots: Snapshots, *, embedding: EmbeddingTask) -> None:
        self._snapshots = snapshots
        self._embedding = embedding

    async def embed(self, caller: Key, model: str, texts: Sequence[str]) -> Embeddings:
        """Vectors of `texts` by the caller's model of that name.

        Raises:
            ModelNotFoundError: no model of that name that the caller may use.
            TaskNotSupportedError: the model does not embed.
            ModelNotReadyError: no version of it has been deployed yet.
            TriremeError: whatever the task raises; see `EmbeddingTask.run`.

        """
        with self._route(caller, Task.EMBEDDING, model) as provider:
            return await self._embedding.run(provider, texts)

    @contextmanager
    def _route(self, caller: Key, task: Task, model: str) -> Iterator[Provider]:
        with self._snapshots.lease() as catalog:
            yield catalog.resolve(caller.account_id, task, model)
