"""A bounded queue of jobs for an engine's thread; it refuses instead of growing."""

from collections import deque
from collections.abc import Callable
from threading import Condition

from model_repository.backends.generation.job import Job


class QueueFullError(Exception):
    """As many requests are waiting or running as the engine may hold."""


class Inbox:
    """Counts the jobs that wait and those that the engine has taken and not yet released.

    Args:
        limit: most of both together.

    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[Job] = deque()
        self._taken = 0
        self._closed = False
        self._changed = Condition()

    def put(self, job: Job) -> None:
        """Hand a job to the engine.

        Raises:
            QueueFullError: there is no room, or the engine is closing.

        """
        with self._changed:
            if self._closed or len(self._waiting) + self._taken >= self._limit:
                raise QueueFullError
            self._waiting.append(job)
            self._changed.notify()

    def take(self, fits: Callable[[Job, list[Job]], bool], *, wait: bool) -> list[Job] | None:
        """Jobs for the engine, oldest first; None once it is to end.

        Args:
            fits: whether a job may join those already chosen; the others keep their place.
            wait: whether to wait for a first one.

        """
        with self._changed:
            while wait and not self._waiting and not self._closed:
                self._changed.wait()
            if self._closed:
                return None
            chosen: list[Job] = []
            left: deque[Job] = deque()
            for job in self._waiting:
                (chosen if fits(job, chosen) else left).append(job)
            self._waiting = left
            self._taken += len(chosen)
            return chosen

    def release(self, jobs: int) -> None:
        """Make room: so many of the taken jobs are done."""
        with self._changed:
            self._taken -= jobs

    def close(self) -> list[Job]:
        """Let nobody in any more, wake the engine, and give back the jobs that it has not taken."""
        with self._changed:
            self._closed = True
            left, self._waiting = list(self._waiting), deque()
            self._changed.notify_all()
            return left
