"""One call of the OpenAI-compatible API: named, checked, metered, sent to a provider, counted.

An endpoint describes what it wants as a `Job` and gets back what its model answered, with the usage:

    job = Job(
        operation=Operation.EMBEDDINGS,
        model=data.model,
        texts=data.input,
        here=lambda provider: task.run(provider, data.input),
        elsewhere=lambda provider: upstreams.embeddings(provider, body),
    )
    answered = await inference.run(request.auth, job)

`here` works on a provider whose model runs on Triton, `elsewhere` on one of another's API; both give the same
kind of value. What they write is noted on `current_call()`, from which tokens and costs are counted. A form
is no different: whoever reads it checks the name first, with `inference.check(request.auth, name)`.

`stream` is the same for an answer in pieces; it ends with the usage.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

from control_plane.catalog import Key, Provider, Router
from control_plane.deployments.exposure import Place
from control_plane.routers.kinds import ProviderKind
from gateway.serving.dispatch import Dispatcher, Request
from gateway.serving.inference.naming import TASKS, granted, resolve, wrong_type
from gateway.serving.metering.call import Call
from gateway.serving.metering.meter import Meter
from gateway.serving.metering.usage import Usage
from gateway.serving.providers.adapter import Operation
from gateway.serving.providers.upstreams import offers
from gateway.serving.snapshots import Snapshots
from model_repository.heads import CustomHead
from model_repository.manifest import Task


class Piece(Protocol):
    """Part of an answer in pieces."""

    @property
    def text(self) -> str:
        """What is new in it, as far as it is counted."""

    @property
    def tokens(self) -> int:
        """Of the model; 0 where it does not tell."""


T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
P = TypeVar("P", bound=Piece)
W_co = TypeVar("W_co", covariant=True)

Work = Callable[[Provider], Awaitable[T]]
Flow = Callable[[Provider], AsyncGenerator[P, None]]


def nothing(_router: Router) -> int:
    """Tokens that a model writes which answers with something else."""
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[W_co]):
    """What an endpoint wants of a model.

    Attributes:
        model: name or alias, as the caller spelled it.
        texts: that count as prompt tokens.
        tokens: that count as such beside those of the texts, of input that comes as tokens.
        here: does it on Triton.
        elsewhere: has it done by another's API.
        most: tokens that the model writes at most, asked where it has a price.

    """

    operation: Operation
    model: str
    texts: Sequence[str]
    here: W_co
    elsewhere: W_co
    tokens: int = 0
    most: Callable[[Router], int] = nothing


@dataclass(frozen=True, slots=True)
class Answered(Generic[T_co]):
    """What a model answered, who it was, and what that took."""

    value: T_co
    provider: Provider
    usage: Usage


class Inference:
    """Runs jobs."""

    def __init__(self, snapshots: Snapshots, meter: Meter, dispatcher: Dispatcher) -> None:
        self._snapshots = snapshots
        self._meter = meter
        self._dispatcher = dispatcher

    def check(self, caller: Key, model: str) -> None:
        """Make sure that a caller may use a model at all, before anything else of a request is looked at.

        Raises:
            TriremeError: see `granted`.

        """
        granted(self._snapshots.current, caller, model)

    async def run(self, caller: Key, job: Job[Work[T]]) -> Answered[T]:
        """What the job gives with a provider of its model.

        Raises:
            WrongModelTypeError: the model does something else.
            TriremeError: see `granted`, `Meter.call` and `Dispatcher.run`, or what the job raises.

        """
        with self._snapshots.lease() as catalog:
            router = resolve(catalog, caller, job.model, job.operation)
            task = TASKS[job.operation]
            providers = _able(router, job.operation, task)
            request = Request(catalog, router, task, providers, caller.principal.priority)
            async with self._metered(caller, router, task, job) as call:
                work = _chosen(job)
                value = await self._dispatcher.run(request, call.noting(work), copied=work)
                assert call.provider is not None
                return Answered(value, call.provider, await self._meter.usage(call))

    def _metered(
        self, caller: Key, router: Router, task: Task, job: Job[object]
    ) -> AbstractAsyncContextManager[Call]:
        most = partial(job.most, router)
        return self._meter.call(caller, router, task, job.texts, most, tokens=job.tokens)

    async def stream(self, caller: Key, job: Job[Flow[P]]) -> AsyncGenerator[P | Answered[None], None]:
        """The job's pieces, and at last who answered and what it took; leaving early ends the work.

        Raises:
            TriremeError: as `run`.

        """
        with self._snapshots.lease() as catalog:
            router = resolve(catalog, caller, job.model, job.operation)
            task = TASKS[job.operation]
            providers = _able(router, job.operation, task)
            request = Request(catalog, router, task, providers, caller.principal.priority)
            async with self._metered(caller, router, task, job) as call:
                pieces = self._dispatcher.stream(request, call.noting(_chosen(job)))
                async with aclosing(pieces):
                    async for piece in pieces:
                        self._meter.piece(call, piece.text, piece.tokens)
                        yield piece
                assert call.provider is not None
                yield Answered(None, call.provider, await self._meter.usage(call))


def _chosen(job: Job[Callable[[Provider], T]]) -> Callable[[Provider], T]:
    """Work that suits whichever provider gets it."""

    def work(provider: Provider) -> T:
        return (job.here if provider.kind is ProviderKind.TRITON else job.elsewhere)(provider)

    return work


def _able(router: Router, operation: Operation, task: Task) -> tuple[Provider, ...]:
    """Those of a router's providers that do it, canaries and shadows aside.

    Raises:
        WrongModelTypeError: there is none.

    """
    found = tuple(
        provider
        for provider in router.providers
        if provider.exposure.place is Place.ACTIVE and _does(provider, operation, task)
    )
    if not found:
        raise wrong_type()
    return found


def _does(provider: Provider, operation: Operation, task: Task) -> bool:
    if provider.kind is not ProviderKind.TRITON:
        return offers(provider.kind, operation)
    return task in provider.tasks and not isinstance(provider.graph(task).head, CustomHead)
