"""Wires metering, and runs the tasks that write usage in the background."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from control_plane.db.engine import Database
from control_plane.usage.budgets import BudgetService
from control_plane.usage.service import UsageService
from gateway.observability.tasks import TaskMetrics
from gateway.serving.admission import Admission
from gateway.serving.metering.limits import Limiter, create_limiter
from gateway.serving.metering.meter import Meter
from gateway.serving.metering.recorder import Recorder
from gateway.serving.metering.tokens import TokenCounter, load_encoding
from gateway.serving.tokenization import Tokenizers
from gateway.settings import GatewaySettings


@dataclass(frozen=True, slots=True)
class Metering:
    """The meter, and what stands behind it."""

    meter: Meter
    limiter: Limiter
    recorder: Recorder
    usage: UsageService

    @classmethod
    def of(
        cls,
        settings: GatewaySettings,
        database: Database,
        tokenizers: Tokenizers,
        metrics: TaskMetrics,
        admission: Admission,
    ) -> "Metering":
        """Metering as it is configured; long texts are counted by the tokenizers' threads."""
        usage = UsageService(database)
        limiter, recorder = create_limiter(settings.limits), Recorder(usage.write, settings.usage)
        meter = Meter(
            admit=admission.check,
            counter=TokenCounter(load_encoding(settings.usage.tokenizer), tokenizers.threads),
            limiter=limiter,
            budgets=BudgetService(database, lease_seconds=settings.usage.reservation_seconds),
            recorder=recorder,
            metrics=metrics,
            records=settings.usage.recorded,
        )
        return cls(meter, limiter, recorder, usage)

    @property
    def failing(self) -> list[str]:
        """What is wrong now, a line each."""
        return [line for line in (self.limiter.failing, self.recorder.failing) if line]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write usage as long as the block runs, and what is left of it at the end."""
        writing = asyncio.create_task(self.recorder.run())
        try:
            yield
        finally:
            self.recorder.stop()
            await writing
            await self.limiter.close()
