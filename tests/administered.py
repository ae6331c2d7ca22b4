"""A gateway with accounts and without Triton, and what its root key does over HTTP."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx
from sockets import on_a_socket

from control_plane.accounts.keys import KeyService
from control_plane.db.engine import Database
from control_plane.secret_box import new_key
from control_plane.settings import AccountSettings, UploadSettings
from control_plane.uploads.store import FolderStore
from gateway.app import create_app
from gateway.settings import GatewaySettings
from model_repository.storage import FolderStorage

ROOT = "sk-root-key-of-the-tests"
UNREACHABLE = "127.0.0.1:1"


@dataclass
class Administered:
    """A gateway, and the root key to administer it with."""

    url: str
    client: httpx.AsyncClient
    database: Database
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def call(
        self, method: str, path: str, body: object = None, *, key: str | None = ROOT, **options: object
    ) -> httpx.Response:
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        if body is not None:
            options["json"] = body
        return await self.client.request(method, f"/v1{path}", headers=headers, **options)  # type: ignore[arg-type]

    async def made(self, path: str, body: dict[str, object]) -> int:
        """Id of what a body makes there."""
        answer = await self.call("POST", path, body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])


S = TypeVar("S", bound=Administered)


@asynccontextmanager
async def administered(
    kind: type[S],
    url: str,
    folder: Path,
    *,
    settings: GatewaySettings = GatewaySettings(),  # noqa: B008 - it is frozen
    accounts: AccountSettings = AccountSettings(),  # noqa: B008 - it is frozen
) -> AsyncIterator[S]:
    """A gateway on a real socket that runs as long as the block.

    Args:
        url: of the database.

    """
    database = Database(url)
    await database.upgrade()
    await KeyService(database).ensure_root(ROOT)
    app = create_app(
        settings,
        database=database,
        storage=FolderStorage(folder),
        triton_urls=[UNREACHABLE],
        uploads=FolderStore(folder / "uploads"),
        upload_settings=UploadSettings(),
        secret_keys=[new_key()],
        accounts=accounts,
    )
    try:
        async with (
            on_a_socket(app) as address,
            httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as client,
        ):
            yield kind(address, client, database)
    finally:
        await database.close()
