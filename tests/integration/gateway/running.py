"""A gateway on a real socket, within the test's process."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import serving
from site_setup import Site

from control_plane.settings import UploadSettings
from gateway.settings import GatewaySettings

UPLOADS = UploadSettings()


@asynccontextmanager
async def gateway(
    site: Site, settings: GatewaySettings, key: str = "", uploads: UploadSettings = UPLOADS
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway that runs as long as the block."""
    async with serving.gateway(
        site.database,
        site.storage,
        site.triton,
        key,
        settings=settings,
        uploads=site.uploads,
        upload_settings=uploads,
    ) as client:
        yield client


async def start(site: Site, uploads: Path, *prefix: str) -> asyncio.subprocess.Process:
    """A gateway as a process of its own; see `serve_gateway`.

    Args:
        prefix: command that runs the rest of its arguments as a command.

    """
    script = Path(__file__).with_name("serve_gateway.py")
    arguments = (str(site.database.url), str(site.storage.root), site.triton.url, str(uploads))
    root = script.parents[3]
    return await asyncio.create_subprocess_exec(
        *(*prefix, sys.executable, str(script), *arguments),
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        stdout=asyncio.subprocess.PIPE,
    )


async def printed(output: asyncio.StreamReader) -> AsyncIterator[str]:
    """The lines of such a process without those of its log."""
    async for line in output:
        if not line.startswith(b"20"):
            yield line.decode().strip()
