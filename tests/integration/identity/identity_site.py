"""A gateway with accounts and without models: it needs a database, and no Triton."""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn
from sqlmodel import select

from control_plane.accounts.keys import KeyService
from control_plane.db.engine import Database
from control_plane.models.schemas import NewModel
from control_plane.models.service import ModelService
from control_plane.routers.tables import Router
from control_plane.secret_box import new_key
from control_plane.settings import AccountSettings, UploadSettings
from control_plane.uploads.store import FolderStore
from gateway.app import create_app
from gateway.server import _Server
from gateway.settings import GatewaySettings
from model_repository.storage import FolderStorage

ROOT = "sk-root-key-of-the-tests"
UNREACHABLE = "127.0.0.1:1"
PASSWORD = "correct horse"


@dataclass
class Site:
    """A gateway, and the root key to administer it with."""

    database: Database
    client: httpx.AsyncClient
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def call(
        self, method: str, path: str, body: object = None, *, key: str | None = ROOT, **options: object
    ) -> httpx.Response:
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        if body is not None:
            options["json"] = body
        return await self.client.request(method, f"/v1{path}", headers=headers, **options)  # type: ignore[arg-type]

    async def made(self, path: str, body: dict[str, object]) -> int:
        answer = await self.call("POST", path, body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def role(self, *permissions: str, **fields: object) -> int:
        name = f"role {next(self.numbers)}"
        return await self.made("/admin/roles", {"name": name, "permissions": list(permissions), **fields})

    async def user(self, *permissions: str, **fields: object) -> int:
        body = {
            "email": f"user{next(self.numbers)}@example.org",
            "password": PASSWORD,
            "role": fields.pop("role", None) or await self.role(*permissions),
        }
        return await self.made("/admin/users", {**body, **fields})

    async def key(self, user: int, **fields: object) -> str:
        answer = await self.call("POST", "/admin/tokens", {"name": "test", "user": user, **fields})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    async def router(self) -> int:
        """A new router's id."""
        name = f"model-{next(self.numbers)}"
        await ModelService(self.database).add(NewModel(name=name, source="file:/nowhere"))
        async with self.database.reading() as session:
            found = (await session.exec(select(Router.id).where(Router.name == name))).one()
        assert found is not None
        return found


@asynccontextmanager
async def gateway(
    url: str,
    folder: Path,
    accounts: AccountSettings = AccountSettings(),  # noqa: B008 - it is frozen
) -> AsyncIterator[Site]:
    """A gateway on a real socket that runs as long as the block."""
    database = Database(url)
    await database.upgrade()
    await KeyService(database).ensure_root(ROOT)
    app = create_app(
        GatewaySettings(),
        database=database,
        storage=FolderStorage(folder),
        triton_urls=[UNREACHABLE],
        uploads=FolderStore(folder / "uploads"),
        upload_settings=UploadSettings(),
        secret_keys=[new_key()],
        accounts=accounts,
    )
    ready = asyncio.Event()
    config = uvicorn.Config(app, http="httptools", ws="none", lifespan="on", log_config=None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Server(config, ready.set)
        task = asyncio.create_task(server.serve([listener]))
        await ready.wait()
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            async with httpx.AsyncClient(base_url=base_url, timeout=60, trust_env=False) as client:
                yield Site(database, client)
        finally:
            server.stop()
            await task
            await database.close()
