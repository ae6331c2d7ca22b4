"""Starts child processes that work on untrusted input for the gateway, and ends them."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

from gateway.serving.confinement import UNCONFINED
from gateway.serving.errors import UnconfinedError


async def start(module: str, *arguments: str, keep: Sequence[str] = ()) -> Process:
    """Run a module that confines itself, then reads its input and writes its output.

    Args:
        keep: variables of the gateway's environment for it; in the others there are secrets.

    """
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env={
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "LANG": "C.UTF-8",
            **{name: os.environ[name] for name in keep if name in os.environ},
        },
    )


async def ended(process: Process) -> int:
    """The status of a process that says nothing any more, once it has ended.

    Raises:
        UnconfinedError: it could not be confined, and so has done nothing.

    """
    status = await process.wait()
    if status == UNCONFINED:
        raise UnconfinedError
    return status


async def end(process: Process) -> None:
    """Kill a process, whatever it does, and wait until it is gone."""
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
