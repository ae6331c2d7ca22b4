"""What the command and a gateway load before anybody asks for it: the time that a start takes."""

import os
import subprocess
import sys
from pathlib import Path

from trireme.sources import PREFIX, load
from trireme.state import database

FOR_SINGLE_REQUESTS = {
    "PIL.PngImagePlugin",
    "aiohttp",
    "boto3",
    "h11",
    "jinja2",
    "llguidance",
    "opentelemetry.sdk",
    "pypdfium2",
    "scipy",
    "transformers",
}
"""Pictures' formats, objects, connections to providers, templates of chats, grammars, traces, PDFs."""

START = """
import asyncio, sys
from pathlib import Path
from gateway.app import create_app
from trireme.sources import load
from trireme.state import database, storage, uploads

async def main():
    settings = load(flags={"data": Path(sys.argv[1])})
    async with database(settings) as db:
        app = create_app(
            settings.gateway, database=db, storage=storage(settings), triton_urls=["127.0.0.1:1"],
            uploads=uploads(settings), upload_settings=settings.uploads,
        )
        async with app.lifespan():
            print(*sys.modules)

asyncio.run(main())
"""


def loaded(code: str, *arguments: str) -> set[str]:
    """Modules that a fresh interpreter has loaded, as the code's last line of output tells."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_help_loads_no_database_and_no_server() -> None:
    modules = loaded("import sys, trireme.cli; print(*sys.modules)")
    assert "trireme.sources" in modules
    assert not modules & {"cryptography", "grpc", "litestar", "numpy", "pydantic", "sqlalchemy"}


async def test_a_started_gateway_has_loaded_nothing_that_only_some_requests_need(tmp_path: Path) -> None:
    async with database(load(flags={"data": tmp_path}, environment={})):
        pass  # makes the schema, so that the gateway finds the newest
    modules = loaded(START, str(tmp_path))
    assert {"gateway.app", "sqlalchemy"} <= modules
    assert not modules & FOR_SINGLE_REQUESTS
    assert "alembic" not in modules
