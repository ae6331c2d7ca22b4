"""Which engine does what: one interface over the pipeline for decoders and the library's own loop."""

from pathlib import Path
from typing import Any, Protocol

from model_repository.backends.generation.inbox import QueueFullError
from model_repository.backends.generation.job import Job
from model_repository.generation import GenerationSettings, Runtime

__all__ = ["Engine", "QueueFullError", "open_engine"]


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

    The library, and with it torch, is loaded by the first request that needs it.
    """

    def __init__(self, folder: Path, settings: GenerationSettings, properties: dict[str, Any]) -> None:
        from model_repository.backends.generation import paged  # noqa: PLC0415  # absent where not needed

        self._suits = paged.suits
        self._paged = paged.PagedEngine(folder, settings, properties)
        self._open_library = lambda: _library(folder, settings, properties)
        self._library: Engine | None = None

    def submit(self, job: Job) -> None:
        if self._suits(job.parameters):
            self._paged.submit(job)
            return
        if self._library is None:
            self._library = self._open_library()
        self._library.submit(job)

    def close(self) -> None:
        self._paged.close()
        if self._library is not None:
            self._library.close()


def _library(folder: Path, settings: GenerationSettings, properties: dict[str, Any]) -> Engine:
    from model_repository.backends.generation.library import (  # noqa: PLC0415  # torch takes seconds to import
        LibraryEngine,
    )

    return LibraryEngine(folder, settings, properties)
