"""Retries while the storage is unreachable, up to a limit."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import structlog

from model_repository.errors import ObjectStoreUnavailableError

logger = structlog.get_logger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

PATIENCE_SECONDS = 300.0
"""How long a build waits for a Triton server, or for the storage, that does not answer."""

PAUSE_SECONDS = 1.0


async def patiently(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do blocking work in a thread, again and again while the storage does not answer.

    Raises:
        ObjectStoreUnavailableError: it does not for `PATIENCE_SECONDS`.

    """
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except ObjectStoreUnavailableError as error:
            if asyncio.get_running_loop().time() > deadline:
                raise
            logger.warning("waiting for the object store", reason=error.message)
            await asyncio.sleep(PAUSE_SECONDS)
