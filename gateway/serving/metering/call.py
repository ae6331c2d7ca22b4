"""One call of a task while it is in progress: what it reads, what it writes, how long it takes."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from secrets import token_hex
from time import perf_counter
from typing import TypeVar

from control_plane.catalog import Key, Provider, Router
from model_repository.manifest import Task

T = TypeVar("T")

_PROCESS = token_hex(8)
_numbers = count()


def _new_id() -> str:
    return f"{_PROCESS}{next(_numbers):x}"


@dataclass(slots=True, eq=False)
class Call:
    """What is known of a call so far; the tasks that work on it add to it.

    Attributes:
        id: unlike that of any other call of any gateway.
        prompt_tokens: as the gateway's tokenizer counts, like `completion_tokens`.
        model_prompt_tokens: as the model counts, special tokens included; None where it does not tell.
        texts: written and not yet counted.
        pieces: some of what was written has reached the caller already.
        ttft: seconds until the first text of a streamed answer.
        ended: when its answer was whole, where that is known before it goes out.

    """

    caller: Key
    router: Router
    task: Task
    prompt_tokens: int
    id: str = field(default_factory=_new_id)
    started: float = field(default_factory=perf_counter)
    provider: Provider | None = None
    completion_tokens: int = 0
    model_prompt_tokens: int | None = None
    model_completion_tokens: int | None = None
    texts: list[str] = field(default_factory=list)
    pieces: bool = False
    ttft: float | None = None
    ended: float | None = None

    @property
    def seconds(self) -> float:
        """From when it was admitted until now, or until its answer was whole."""
        return (self.ended or perf_counter()) - self.started

    def noting(self, work: Callable[[Provider], T]) -> Callable[[Provider], T]:
        """`work` that notes who does it; where a provider fails, the next one begins anew."""

        def noted(provider: Provider) -> T:
            self.provider = provider
            self.model_prompt_tokens = self.model_completion_tokens = None
            return work(provider)

        return noted

    def read(self, tokens: int) -> None:
        """Note tokens that the model has read."""
        self.model_prompt_tokens = (self.model_prompt_tokens or 0) + tokens

    def wrote(self, text: str, tokens: int) -> None:
        """Note an answer and how many tokens it was to the model."""
        self.texts.append(text.strip())
        self.model_completion_tokens = (self.model_completion_tokens or 0) + tokens


_current: ContextVar[Call | None] = ContextVar("call", default=None)


def current_call() -> Call | None:
    """The call that this task works on, if any."""
    return _current.get()


def set_current_call(call: Call | None) -> Call | None:
    """Let what follows work on a call; returns the one before."""
    previous = _current.get()
    _current.set(call)
    return previous
