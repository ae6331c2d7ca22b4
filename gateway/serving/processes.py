"""Processes that work for the gateway on what is not its own."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress


async def start(module: str, *arguments: str, keep: Sequence[str] = ()) -> Process:
    """Run a module that reads its input and writes its output.

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


async def end(process: Process) -> None:
    """Kill a process, whatever it does, and wait until it is gone."""
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
