"""The one place that every call of a task passes: admitted, served, charged, recorded, measured.

What nobody could answer soon is refused first. Then prompt tokens are counted, then limits, then the budget;
nothing of this asks a database unless the model has a price.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter, time
from typing import Protocol

from control_plane.catalog import Key, Router
from control_plane.usage.records import Charge, UsageRecord
from gateway.observability.context import request_context
from gateway.observability.spans import begin_call, end_call
from gateway.observability.tasks import TaskMetrics
from gateway.serving.metering.access import limits_for
from gateway.serving.metering.call import Call, set_current_call
from gateway.serving.metering.carbon import Footprint, ModelSize, footprint
from gateway.serving.metering.limits import Limiter
from gateway.serving.metering.prices import Prices
from gateway.serving.metering.recorder import Recorder
from gateway.serving.metering.tokens import TokenCounter
from gateway.serving.metering.usage import Usage
from model_repository.errors import TriremeError
from model_repository.manifest import Task

CLIENT_LEFT = 499
"""Status of a call whose caller did not wait for the answer; nginx's number."""

CHARGE_SECONDS = 2.0
"""How long an answer waits for its charge, so that the caller's next call finds the rest given back."""

MODEL_TOKEN = 4
"""Tokens of the gateway's tokenizer that one of a model may make: vocabularies of other models are larger."""


class Budgets(Protocol):
    """Where budget is reserved; see `control_plane.usage.budgets.BudgetService`."""

    async def reserve(self, account_id: int, call_id: str, millionths: int) -> None:
        """Hold a part of an account's budget, or refuse."""


def nothing() -> int:
    """Tokens that a task writes at most, where it writes none."""
    return 0


@dataclass(frozen=True, slots=True)
class Meter:
    """Counts every call, whichever API it comes through.

    Attributes:
        admit: refuses calls that would wait for too long.
        recorder: what takes the records and charges to the database.
        records: whether calls leave records.

    """

    admit: Callable[[Router, Task], None]
    counter: TokenCounter
    limiter: Limiter
    budgets: Budgets
    recorder: Recorder
    metrics: TaskMetrics
    records: bool
    _reserving: set[asyncio.Future[None]] = field(default_factory=set)

    @asynccontextmanager
    async def call(
        self,
        caller: Key,
        router: Router,
        task: Task,
        texts: Sequence[str],
        most: Callable[[], int] = nothing,
        *,
        tokens: int = 0,
    ) -> AsyncIterator[Call]:
        """A call that is admitted; how its block ends decides what it costs.

        Args:
            texts: that are to be read.
            most: tokens that the model writes at most, asked where the model has a price.
            tokens: that are to be read beside those of the texts.

        Raises:
            ModelNotFoundError: the caller's role does not have the model.
            ModelForbiddenError: it has it in part only.
            OverloadedError: it would wait for too long; neither counted nor charged.
            RateLimitedError: a limit of the role is exceeded.
            LimitsUnavailableError: the limits cannot be checked, and calls may not pass meanwhile.
            InsufficientBudgetError: the model has a price, and nothing of the budget is left.
            DatabaseUnavailableError: the model has a price, and the database does not answer.

        """
        try:
            limits = limits_for(caller, router)
            if texts:
                self.admit(router, task)
            prompt_tokens = tokens + await self.counter.count(texts)
            if limits:
                await self.limiter.admit(caller.account_id, router.id, limits, prompt_tokens)
            call = Call(caller, router, task, prompt_tokens)
            prices = Prices(router.prompt_price, router.completion_price)
            priced = bool(prices) and not caller.is_root
            if priced:
                await self._reserve(call, prices.reservation(prompt_tokens, MODEL_TOKEN * most()))
        except TriremeError as error:
            self.metrics.refused(router, task, error.code)
            raise
        outer, span = set_current_call(call), begin_call(call)
        status, failure = 500, "internal_error"
        try:
            yield call
            call.completion_tokens += await self.counter.count_written(call.texts)
            status, failure = 200, ""
        except TriremeError as error:
            status, failure = error.status, error.code
            raise
        except (asyncio.CancelledError, GeneratorExit):
            status, failure = CLIENT_LEFT, "client_left"
            raise
        finally:
            set_current_call(outer)
            seconds = call.seconds
            charged = self._end(call, prices, priced, status, seconds)
            # Counted when the answer is out, which this would hold up.
            asyncio.get_running_loop().call_soon(self.metrics.ended, call, status, failure, seconds)
            end_call(span, call, failure)
            if charged is not None and status != CLIENT_LEFT:
                await asyncio.wait((charged,), timeout=CHARGE_SECONDS)

    async def usage(self, call: Call) -> Usage:
        """What a call whose answer is whole has used: its record and its charge will say the same."""
        call.completion_tokens += await self.counter.count_written(call.texts)
        call.texts.clear()
        call.ended = perf_counter()
        router = call.router
        prices = Prices(router.prompt_price, router.completion_price)
        return Usage(
            prompt_tokens=call.prompt_tokens,
            completion_tokens=call.completion_tokens,
            cost=prices.cost(call.prompt_tokens, call.completion_tokens),
            footprint=_footprint(call, call.prompt_tokens + call.completion_tokens, call.seconds),
            model_prompt_tokens=call.model_prompt_tokens,
            model_completion_tokens=call.model_completion_tokens,
        )

    def piece(self, call: Call, text: str, tokens: int = 0) -> None:
        """Count a piece of a streamed answer as it goes out.

        Args:
            tokens: of the model; 0 where it does not tell, or tells at the end.

        """
        if call.ttft is None and text:
            call.ttft = call.seconds
        call.pieces = True
        call.completion_tokens += self.counter.count_now((text.strip(),))
        if tokens:
            call.model_completion_tokens = (call.model_completion_tokens or 0) + tokens

    async def _reserve(self, call: Call, millionths: int) -> None:
        """Reserve to the end even when the caller leaves meanwhile, and then give it back."""
        reserving = asyncio.ensure_future(self.budgets.reserve(call.caller.account_id, call.id, millionths))
        try:
            await asyncio.shield(reserving)
        except asyncio.CancelledError:
            self._reserving.add(reserving)
            reserving.add_done_callback(partial(self._give_back, call))
            raise

    def _give_back(self, call: Call, reserved: asyncio.Future[None]) -> None:
        self._reserving.discard(reserved)
        if not reserved.cancelled() and reserved.exception() is None:
            self.recorder.put(None, Charge(call.id, call.caller.account_id, 0.0))

    def _end(
        self, call: Call, prices: Prices, priced: bool, status: int, seconds: float
    ) -> asyncio.Future[None] | None:
        """Hand over a call's use. One that failed costs nothing, one that was left costs what went out."""
        account_id = call.caller.account_id
        delivered = status == 200 or (status == CLIENT_LEFT and call.pieces)
        cost = prices.cost(call.prompt_tokens, call.completion_tokens) if prices and delivered else 0.0
        record = None
        if self.records and not call.caller.is_root:
            record = _record(call, status, seconds, cost, delivered=delivered)
        return self.recorder.put(record, Charge(call.id, account_id, cost) if priced else None)


def _record(call: Call, status: int, seconds: float, cost: float, *, delivered: bool) -> UsageRecord:
    caller, router, provider = call.caller, call.router, call.provider
    request = request_context.get()
    tokens = call.prompt_tokens + call.completion_tokens
    carbon = _footprint(call, tokens if delivered else 0, seconds)
    return UsageRecord(
        call_id=call.id,
        created_at=time(),
        account_id=caller.account_id,
        key_id=caller.id,
        key_name=caller.name,
        router_id=router.id,
        router_name=router.name,
        provider_id=provider.id if provider else 0,
        task=call.task.value,
        api=request.api if request else "",
        endpoint=request.endpoint if request else "",
        method=request.method if request else "",
        status=status,
        request_id=request.request_id if request else "",
        prompt_tokens=call.prompt_tokens,
        completion_tokens=call.completion_tokens,
        model_prompt_tokens=call.model_prompt_tokens,
        model_completion_tokens=call.model_completion_tokens,
        cost=cost,
        kwh=carbon.kwh,
        kgco2eq=carbon.kgco2eq,
        latency_ms=seconds * 1000,
        ttft_ms=None if call.ttft is None else call.ttft * 1000,
    )


def _footprint(call: Call, tokens: int, seconds: float) -> Footprint:
    provider = call.provider
    size = ModelSize(provider.active_params, provider.total_params, provider.zone) if provider else None
    return footprint(size, tokens=tokens, seconds=seconds)
