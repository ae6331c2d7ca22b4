"""Answers rows of tokens from the cache, and sends only the others to Triton."""

from array import array
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from control_plane.catalog import Provider
from gateway.observability.tasks import TaskMetrics
from gateway.serving.batching.batcher import Inputs
from gateway.serving.cache import AnswerCache
from gateway.serving.metering.call import current_call
from gateway.serving.rows import Array, RowRunner, Shape
from model_repository.manifest import Manifest

if TYPE_CHECKING:  # the tasks import this
    from gateway.serving.tasks.text import Tokens


class CachedRows:
    """In front of a `RowRunner`, for graphs that give the same answer to the same tokens.

    An entry of the repository never changes and its name is never used again, so no answer is out of date.
    Whoever gets one was let in to the model before; and an account finds its own answers only, because how
    quickly one comes would tell it what others have asked.
    """

    def __init__(self, rows: RowRunner, cache: AnswerCache, metrics: TaskMetrics) -> None:
        self._rows = rows
        self._cache = cache
        self._metrics = metrics

    def takes(self, _provider: Provider, _graph: Manifest) -> bool:
        """Yes: the answer may be known, and only the tokens can tell."""
        return True

    async def run(
        self,
        provider: Provider,
        graph: Manifest,
        rows: Sequence["Tokens"],
        inputs: Inputs,
        outputs: Mapping[str, Shape],
    ) -> dict[str, list[Array]]:
        """Each output by name, one read-only array a row; see `RowRunner.run`."""
        call = current_call()
        asked = (call.caller.account_id if call else None, provider.url, graph.entry, *outputs)
        contents = [_content(row) for row in rows]
        found = [self._cache.get((asked, content)) for content in contents]
        missing = [position for position, answer in enumerate(found) if answer is None]
        self._metrics.cached(graph.name, len(rows) - len(missing), len(missing))
        if missing:
            made = await self._rows.run(provider, graph, [rows[at] for at in missing], inputs, outputs)
            for at, answer in zip(missing, zip(*made.values(), strict=True), strict=True):
                # A copy, because a row is a view that would keep all of its pack.
                kept = tuple(part.copy() for part in answer)
                found[at] = kept
                self._cache.put((asked, contents[at]), sum(map(len, contents[at])), kept)
        return {name: [answer[at] for answer in found if answer] for at, name in enumerate(outputs)}


def _content(row: "Tokens") -> tuple[bytes, bytes]:
    """All that a graph reads of a row: tokens, and where one begins the second text of a pair."""
    return array("I", row.ids).tobytes(), bytes(row.type_ids)
