"""The backend's own engines in this process: what is measured and judged here is what will serve."""

from collections.abc import Sequence
from pathlib import Path
from threading import Event

import msgspec

from converters.generation.subject import Prompt
from model_repository.backends.generation.engines import open_engine
from model_repository.backends.generation.job import Failure, Job
from model_repository.generation import FinishReason, GenerationSettings, SamplingParameters
from model_repository.layout import MODEL_FILES
from model_repository.manifest import Engine, EngineSpec


class GenerationError(Exception):
    """The engine failed."""


class _Collected:
    """All tokens of one answer; see `model_repository.backends.generation.job.Reply`."""

    cancelled = False

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.error: str | None = None
        self.done = Event()

    def send(
        self,
        tokens: Sequence[int],
        _index: int,
        _reason: FinishReason,
        *,
        last: bool,
        logprobs: object = None,
    ) -> None:
        self.tokens += tokens
        if last:
            self.done.set()

    def fail(self, message: str, _failure: Failure) -> None:
        self.error = message
        self.done.set()


class Session:
    """A candidate, opened; to be closed."""

    def __init__(self, engine: EngineSpec, folder: Path) -> None:
        data = (folder / MODEL_FILES[Engine.GENERATION]).read_bytes()
        settings = msgspec.json.decode(data, type=GenerationSettings)
        self._engine = open_engine(folder, settings, engine.options)

    def generate(self, prompts: Sequence[Prompt], parameters: SamplingParameters) -> list[list[int]]:
        """New tokens of each prompt, all running together.

        Raises:
            GenerationError: the engine failed on one.

        """
        replies = [_Collected() for _ in prompts]
        for prompt, reply in zip(prompts, replies, strict=True):
            self._engine.submit(Job(prompt.ids, parameters, reply, prompt.features))
        for reply in replies:
            reply.done.wait()
            if reply.error is not None:
                raise GenerationError(reply.error)
        return [reply.tokens for reply in replies]

    def close(self) -> None:
        """End the engine's threads."""
        self._engine.close()
