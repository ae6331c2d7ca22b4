"""Applications on real sockets, within the test's process."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from gateway.protocol import Protocol
from gateway.server import _Server


@asynccontextmanager
async def on_a_socket(app: Any) -> AsyncIterator[str]:
    """The URL of an application that runs as long as the block; it has started up, if it has a lifespan."""
    ready = asyncio.Event()
    config = uvicorn.Config(app, http=Protocol, ws="none", lifespan="auto", log_config=None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Server(config, ready.set)
        task = asyncio.create_task(server.serve([listener]))
        await ready.wait()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.stop()
            await task
