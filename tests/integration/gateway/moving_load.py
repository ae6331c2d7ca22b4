"""Callers that never pause, and what they are answered with."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx
import numpy as np
from tiny_model import expected

NAME = "moving"
TEXT = "w150"


@dataclass
class Load:
    """Requests for the model `moving`.

    Attributes:
        seeds: of the versions' weights, by number.
        versions: how often each version has answered; 0 for an answer that none of them gives.

    """

    client: httpx.AsyncClient
    seeds: dict[int, int] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    versions: Counter[int] = field(default_factory=Counter)
    strange: int = 0

    async def call(self) -> httpx.Response:
        return await self.client.post("/text-vectorisation", json={"text": TEXT, "model": NAME})

    @asynccontextmanager
    async def running(self, callers: int = 3) -> AsyncIterator[None]:
        calls = [asyncio.create_task(self._call_on()) for _ in range(callers)]
        try:
            yield
        finally:
            for call in calls:
                call.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*calls)

    async def answered_by(self, *versions: int, times: int = 15) -> None:
        """Wait until these versions alone, and each of them, have answered so often."""
        async with asyncio.timeout(60):
            while True:
                self.versions.clear()
                while self.versions.total() < times * len(versions):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
                if self.versions.keys() == set(versions):
                    return

    async def _call_on(self) -> None:
        while True:
            answer = await self.call()
            self.statuses[answer.status_code] += 1
            if answer.is_success:
                self._attribute(np.array(answer.json()["vector"]))

    def _attribute(self, vector: np.ndarray) -> None:
        for version, seed in self.seeds.items():
            if np.allclose(vector, expected(TEXT, seed), atol=1e-4):
                self.versions[version] += 1
                return
        self.strange += 1
