"""A child process that is restarted when it dies."""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import structlog

from model_repository.process import TetheredProcess
from trireme.settings import Settings
from trireme.sources import PREFIX, to_environment

log = structlog.get_logger(__name__)

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
"""Seconds before the first and, doubling, the last restarts in a row."""

STEADY = 60.0
"""Seconds of life after which a process counts as sound and the delay starts over."""

NOTHING: Mapping[str, str] = MappingProxyType({})


class Child:
    """One `trireme` subcommand as a supervised child process, which cannot outlive this one."""

    def __init__(
        self,
        command: str,
        settings: Settings,
        output: Path,
        environment: Mapping[str, str] = NOTHING,
    ) -> None:
        """Prepare `trireme COMMAND` with these settings, whatever source they came from.

        Args:
            environment: variables beside the settings.
            output: file for what it prints beside its log: a crash of the interpreter, say.

        """
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self._name = command
        self._command = [sys.executable, "-m", "trireme", command]
        self._environment = inherited | to_environment(settings) | dict(environment)
        self._output = output
        self._process: TetheredProcess | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Keep the process running until `stop`."""
        loop = asyncio.get_running_loop()
        delay = FIRST_DELAY
        while not self._stopping.is_set():
            started = loop.time()
            self._process = TetheredProcess(self._command, environment=self._environment, log=self._output)
            status = await self._process.wait()
            if self._stopping.is_set():
                return
            delay = FIRST_DELAY if loop.time() - started > STEADY else min(delay * 2, LONGEST_DELAY)
            log.error("process died", process=self._name, status=status, restart_in_seconds=delay)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)

    async def stop(self, seconds: float) -> None:
        """Ask it to end and wait; after so many seconds end it."""
        self._stopping.set()
        if self._process is not None:
            await self._process.stop(seconds)
