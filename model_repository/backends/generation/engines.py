"""One interface over OpenVINO GenAI's pipeline and transformers' loop, and which request runs in which."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Protocol

from model_repository.backends.generation.inbox import QueueFullError
from model_repository.backends.generation.job import Job
from model_repository.backends.generation.schemas import is_plain
from model_repository.generation import GenerationSettings, Runtime, SamplingParameters
from model_repository.layout import TOKENIZER
from model_repository.vocabulary import read_vocabulary

__all__ = ["Engine", "QueueFullError", "open_engine"]


WAITING = 64
"""Jobs that may wait for an engine to open."""


class Engine(Protocol):
    """Answers jobs from a thread of its own."""

    def submit(self, job: Job) -> None:
        """Take a job over.

        Raises:
            QueueFullError: too many wait already.

        """
        ...

    def close(self) -> None:
        """End the thread; jobs that are not done fail as unavailable."""
        ...


def open_engine(folder: Path, settings: GenerationSettings, parameters: dict[str, str]) -> Engine:
    """Engine for the graphs in `folder`.

    Args:
        parameters: of `config.pbtxt`.

    """
    threads = parameters.get("INFERENCE_NUM_THREADS")
    # Stubs of several models would all pin the same first cores.
    properties: dict[str, Any] = {"ENABLE_CPU_PINNING": False}
    if threads is not None:
        properties["INFERENCE_NUM_THREADS"] = int(threads)
    if settings.runtime is Runtime.PAGED:
        return _PagedFirst(folder, settings, properties)
    return _library(folder, settings, properties)


class _PagedFirst:
    """The pipeline, and for what it does not do (beams, n-gram rules) the library on the same graph.

    Answers that follow schemas have a pipeline of their own: what it costs to prepare a schema is nothing to
    all others.
    """

    def __init__(self, folder: Path, settings: GenerationSettings, properties: dict[str, Any]) -> None:
        from model_repository.backends.generation import paged  # noqa: PLC0415  # absent where not needed

        def following_schemas() -> Engine:
            vocabulary = read_vocabulary(folder.parent / TOKENIZER, settings.vocabulary)
            return paged.PagedEngine(folder, settings, properties, vocabulary)

        self._paged = paged.PagedEngine(folder, settings, properties)
        self._following = _Later(following_schemas)
        self._library = _Later(lambda: _library(folder, settings, properties))

    def submit(self, job: Job) -> None:
        self._engine(job.parameters).submit(job)

    def close(self) -> None:
        self._paged.close()
        self._following.close()
        self._library.close()

    def _engine(self, parameters: SamplingParameters) -> Engine:
        if not parameters.plain:
            return self._library
        if parameters.json_schema is None:
            return self._paged
        return self._following if is_plain(parameters.json_schema) else self._library


class _Later:
    """An engine that is opened, in a thread of its own, when the first job comes for it.

    It takes seconds and memory that most models never need.
    """

    def __init__(self, opening: Callable[[], Engine]) -> None:
        self._opening = opening
        self._lock = Lock()
        self._engine: Engine | None = None
        self._waiting: list[Job] = []
        self._thread: Thread | None = None

    def submit(self, job: Job) -> None:
        with self._lock:
            if self._engine is not None:
                self._engine.submit(job)
                return
            if len(self._waiting) == WAITING:
                raise QueueFullError
            self._waiting.append(job)
            if self._thread is None:
                self._thread = Thread(target=self._open, name="opening")
                self._thread.start()

    def close(self) -> None:
        if self._thread is not None:
            self._thread.join()
        if self._engine is not None:
            self._engine.close()

    def _open(self) -> None:
        try:
            engine = self._opening()
        except Exception as error:  # noqa: BLE001  # whatever it is, those who wait must hear of it
            with self._lock:
                waiting, self._waiting, self._thread = self._waiting, [], None
            for job in waiting:
                job.fail(f"{type(error).__name__}: {error}")
            return
        with self._lock:
            for job in self._waiting:
                engine.submit(job)
            self._engine = engine


def _library(folder: Path, settings: GenerationSettings, properties: dict[str, Any]) -> Engine:
    from model_repository.backends.generation.library import (  # noqa: PLC0415  # torch takes seconds to import
        LibraryEngine,
    )

    return LibraryEngine(folder, settings, properties)
