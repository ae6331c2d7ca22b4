"""Ways to get answers about texts, all measured alike."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import orjson

from scripts.benchmarks.http import Connection, connections, prepare
from scripts.benchmarks.load import Call
from scripts.benchmarks.peers.loads import Load
from scripts.benchmarks.peers.peer import Door
from scripts.benchmarks.peers.processes import ProcessTree

ANSWER_SECONDS = 120.0


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
    """One way to get answers about texts.

    Attributes:
        tree: the processes that answer.
        fewest: callers that it is meant for.

    """

    name: str
    tree: ProcessTree
    fewest: int

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
        held: whether its processes stand still while others are measured.

    """

    name: str
    tree: ProcessTree
    host: str
    port: int
    door: Door
    key: str = ""
    held: bool = True
    fewest: int = 1

    def running(self) -> AbstractContextManager[None]:
        return self.tree.running() if self.held else nullcontext()

    def answers(self, texts: list[str]) -> list[Any]:
        """One of each text, all in one request.

        Raises:
            httpx.HTTPError: there is no answer, or another than 200.

        """
        url = f"http://{self.host}:{self.port}{self.door.path}"
        with self.running(), httpx.Client(trust_env=False, timeout=ANSWER_SECONDS) as client:
            response = client.post(url, json=self.door.body(texts), headers={"x-api-key": self.key})
        return self.door.read(response.raise_for_status().json())

    @asynccontextmanager
    async def callers(self, load: Load, pool: list[str]) -> AsyncIterator[Callers]:
        bodies = [orjson.dumps(self.door.body(texts)) for texts in load.requests(pool)]
        ready = [prepare(self.door.path, self.key, body) for body in bodies]
        async with connections(self.host, self.port, load.callers) as kept:
            yield Callers([_caller(each, ready) for each in kept], load.texts)


def _caller(connection: Connection, ready: Sequence[bytes]) -> Call:
    async def call(number: int) -> None:
        response = await connection.post(ready[number % len(ready)])
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {response.body[:200]!r}")

    return call
