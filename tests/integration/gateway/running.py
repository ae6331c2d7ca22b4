"""A gateway on a real socket, within the test's process."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from site_setup import Site

from gateway.app import create_app
from gateway.server import _Server
from gateway.settings import GatewaySettings


@asynccontextmanager
async def gateway(site: Site, settings: GatewaySettings, key: str = "") -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway that runs as long as the block."""
    app = create_app(settings, database=site.database, storage=site.storage, triton_urls=[site.triton.url])
    ready = asyncio.Event()
    config = uvicorn.Config(app, http="httptools", ws="none", lifespan="on", log_config=None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Server(config, ready.set)
        task = asyncio.create_task(server.serve([listener]))
        await ready.wait()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            async with httpx.AsyncClient(
                base_url=url, headers={"x-api-key": key}, timeout=60, trust_env=False
            ) as client:
                yield client
        finally:
            server.stop()
            await task
