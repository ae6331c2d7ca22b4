"""A gateway on a real socket whose models are elsewhere: it needs a database, and no Triton."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from vendors import SECRET, serving

from control_plane.accounts.keys import KeyService
from control_plane.db.engine import Database
from control_plane.secret_box import new_key
from control_plane.settings import UploadSettings
from control_plane.uploads.store import FolderStore
from gateway.app import create_app
from gateway.settings import GatewaySettings
from model_repository.storage import FolderStorage

ROOT = "sk-root-key-of-the-tests"
UNREACHABLE = "127.0.0.1:1"


@dataclass
class Site:
    """A gateway, and the root key to administer it with."""

    url: str
    client: httpx.AsyncClient
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def call(
        self, method: str, path: str, body: object = None, *, key: str = ROOT, **options: object
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}"}
        if body is not None:
            options["json"] = body
        return await self.client.request(method, f"/v1{path}", headers=headers, **options)  # type: ignore[arg-type]

    async def made(self, path: str, body: dict[str, object]) -> int:
        answer = await self.call("POST", path, body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def model(self, url: str, kind: str, router_type: str = "text-generation", **fields: object) -> str:
        """Name of a new model that a provider elsewhere answers for."""
        name = f"model-{next(self.numbers)}"
        router = {"name": name, "type": router_type, **fields}
        provider = {
            "router": await self.made("/admin/routers", router),
            "type": kind,
            "url": url,
            "key": SECRET,
            "model_name": "real-name",
            "timeout": 20,
        }
        await self.made("/admin/providers", provider)
        return name

    async def user(self, *models: str, limits: dict[str, int | None] | None = None, **fields: object) -> str:
        """Key of a new user whose role has these models."""
        routers = {each["name"]: each["id"] for each in (await self.routers())}
        wanted = {"rpm": None, "rpd": None, "tpm": None, "tpd": None} | (limits or {})
        granted = [
            {"router": routers[model], "type": kind, "value": value}
            for model in models
            for kind, value in wanted.items()
        ]
        number = next(self.numbers)
        role = await self.made("/admin/roles", {"name": f"role {number}", "limits": granted})
        account = {"email": f"user{number}@example.org", "password": "correct horse", "role": role, **fields}
        user = await self.made("/admin/users", account)
        answer = await self.call("POST", "/admin/tokens", {"name": "test", "user": user})
        return str(answer.json()["token"])

    async def routers(self) -> list[dict[str, object]]:
        answer = await self.call("GET", "/admin/routers?limit=100")
        return list(answer.json()["data"])


@asynccontextmanager
async def gateway(
    url: str,
    folder: Path,
    settings: GatewaySettings = GatewaySettings(),  # noqa: B008 - it is frozen
) -> AsyncIterator[Site]:
    """A gateway that runs as long as the block."""
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
    )
    async with (
        serving(app) as address,
        httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as client,
    ):
        yield Site(address, client)
    await database.close()
