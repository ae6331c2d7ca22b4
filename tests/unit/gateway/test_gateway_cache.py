"""Answers that are given again: to whom, for what, and how many are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from control_plane.catalog import Key, Principal, Provider, Router, RouterStatus
from gateway.observability.tasks import TaskMetrics
from gateway.serving.cache import ENTRY_BYTES, AnswerCache
from gateway.serving.cached_rows import CachedRows
from gateway.serving.metering.call import Call, set_current_call
from gateway.serving.rows import Array
from gateway.serving.tasks.text import GivenTokens
from model_repository.manifest import Task

ROUTER = Router(1, "m", None, (Task.EMBEDDING,), RouterStatus.READY, ())
PROVIDER = Provider(1, "triton", None)
OUTPUT = {"sum": ()}


@dataclass(frozen=True)
class Graph:
    name: str = "m"
    entry: str = "global.m.1"


@dataclass
class Summing:
    """In place of Triton: adds the tokens of each row, in one array for all as a pack has it."""

    asked: list[list[int]] = field(default_factory=list)

    async def run(
        self,
        _provider: object,
        _graph: object,
        rows: Sequence[Any],
        _inputs: object,
        outputs: Mapping[str, Any],
    ) -> dict[str, list[Array]]:
        self.asked += [row.ids for row in rows]
        together = np.array([[sum(row.ids)] for row in rows], np.float32)
        return {name: list(together) for name in outputs}


@dataclass
class Site:
    rows: Summing
    cached: CachedRows
    registry: CollectorRegistry

    async def sums(self, *rows: list[int], account: int = 1, **asked: Any) -> list[float]:
        set_current_call(Call(Key(1, Principal(account, "a")), ROUTER, Task.EMBEDDING, 0))
        graph, outputs = asked.get("graph", Graph()), asked.get("outputs", OUTPUT)
        tokens = [asked.get("kind", GivenTokens)(row) for row in rows]
        found = await self.cached.run(PROVIDER, graph, tokens, None, outputs)  # type: ignore[arg-type]
        return [float(answer[0]) for answer in next(iter(found.values()))]


@pytest.fixture
def site() -> Site:
    rows, registry = Summing(), CollectorRegistry()
    metrics = TaskMetrics(registry, enabled=True)
    return Site(rows, CachedRows(rows, AnswerCache(10_000), metrics), registry)  # type: ignore[arg-type]


async def test_only_what_is_new_is_asked_and_the_order_stays(site: Site) -> None:
    assert await site.sums([1, 2], [3]) == [3, 3]
    assert await site.sums([5, 5], [3], [1, 2], [7]) == [10, 3, 3, 7]
    assert site.rows.asked == [[1, 2], [3], [5, 5], [7]]
    found = [
        site.registry.get_sample_value("trireme_cache_rows_total", {"model": "m", "outcome": each})
        for each in ("hit", "miss")
    ]
    assert found == [2, 4]


async def test_accounts_versions_outputs_and_pairs_are_told_apart(site: Site) -> None:
    class Pair(GivenTokens):
        @property
        def type_ids(self) -> list[int]:
            return [0, 1]

    await site.sums([1, 2])
    await site.sums([1, 2], account=2)
    await site.sums([1, 2], graph=replace(Graph(), entry="global.m.2"))
    await site.sums([1, 2], outputs={"other": ()})
    await site.sums([1, 2], kind=Pair)
    assert site.rows.asked == [[1, 2]] * 5


async def test_a_kept_answer_cannot_be_changed_by_whoever_gets_it(site: Site) -> None:
    set_current_call(None)
    found = await site.cached.run(PROVIDER, Graph(), [GivenTokens([1])], None, OUTPUT)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="read-only"):
        found["sum"][0] += 1


def test_the_least_recently_used_answers_go_when_there_are_too_many() -> None:
    answer = (np.zeros(100, np.float32),)
    cache = AnswerCache(3 * (ENTRY_BYTES + 8 + 400))
    for question in "abc":
        cache.put(question, 8, answer)
    assert cache.get("a") is not None
    cache.put("d", 8, answer)
    assert [cache.get(question) is not None for question in "abcd"] == [True, False, True, True]
    cache.put("huge", 8, (np.zeros(10_000, np.float32),))
    assert cache.get("huge") is None
    assert len(cache) == 3
    assert cache.bytes == 3 * (ENTRY_BYTES + 8 + 400)
