"""Ways to get vectors of texts, all measured alike."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol

import orjson

from scripts.benchmarks.http import Connection, connections, prepare
from scripts.benchmarks.load import Call
from scripts.benchmarks.peers.loads import Load
from scripts.benchmarks.peers.processes import ProcessTree


@dataclass(frozen=True)
class Callers:
    """Those who ask.

    Attributes:
        calls: one a caller.
        texts: that each request of theirs holds.

    """

    calls: Sequence[Call]
    texts: int


class Way(Protocol):
    """One way to get vectors of texts."""

    name: str
    tree: ProcessTree

    def running(self) -> AbstractContextManager[None]:
        """The time during which its processes may run."""
        ...

    def callers(self, load: Load, pool: list[str]) -> AbstractAsyncContextManager[Callers]:
        """Callers that put such a load on it."""
        ...


@dataclass(frozen=True)
class HttpWay:
    """A server that takes texts as JSON.

    Attributes:
        body: of a request for vectors of such texts.
        held: whether its processes stand still while others are measured.

    """

    name: str
    tree: ProcessTree
    host: str
    port: int
    path: str
    body: Callable[[list[str]], object]
    key: str = ""
    held: bool = True

    def running(self) -> AbstractContextManager[None]:
        return self.tree.running() if self.held else nullcontext()

    @asynccontextmanager
    async def callers(self, load: Load, pool: list[str]) -> AsyncIterator[Callers]:
        bodies = [orjson.dumps(self.body(texts)) for texts in load.requests(pool)]
        ready = [prepare(self.path, self.key, body) for body in bodies]
        async with connections(self.host, self.port, load.callers) as kept:
            yield Callers([_caller(each, ready) for each in kept], load.texts)


def _caller(connection: Connection, ready: Sequence[bytes]) -> Call:
    async def call(number: int) -> None:
        response = await connection.post(ready[number % len(ready)])
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {response.body[:200]!r}")

    return call
