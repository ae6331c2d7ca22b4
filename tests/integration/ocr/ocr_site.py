"""A gateway on a real socket with a reading model on a real Triton."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from serving import load, put_into_service
from shared_builds import SharedBuilds, convert
from sockets import on_a_socket

from control_plane.accounts.keys import KeyService
from control_plane.catalogue import load_catalogue
from control_plane.db.engine import Database
from control_plane.models.schemas import NewModel
from control_plane.models.service import ModelService
from control_plane.secret_box import new_key
from control_plane.settings import UploadSettings
from control_plane.uploads.store import FolderStore
from converters.spec import BuildSpec, Stage
from converters.workspace import Workspace
from gateway.app import create_app
from gateway.serving.documents.settings import DocumentSettings
from gateway.settings import GatewaySettings
from model_repository import layout
from model_repository.manifest import Manifest, Task, decode
from model_repository.server import EmbeddedTriton
from model_repository.settings import TritonSettings
from model_repository.storage import FolderStorage

ROOT = "sk-root-key-of-the-tests"
MODEL = next(model for model in load_catalogue("starter").models if Task.OCR in model.tasks)
DOCUMENTS = DocumentSettings(max_bytes=4 * 2**20, max_pages=20, page_seconds=10, fetch_seconds=2)


@dataclass(frozen=True)
class Kit:
    """The entries of the starter catalogue's reading model, and what they were made from."""

    entries: tuple[Path, ...]
    source: Path

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        return tuple(decode((entry / layout.MANIFEST).read_bytes()) for entry in self.entries)


def build_kit(builds: SharedBuilds) -> Kit:
    spec = BuildSpec(
        build_id="kit",
        owner="global",
        name=MODEL.name,
        version=1,
        source=MODEL.source,
        sha256=MODEL.sha256,
    )
    with builds.alone("kit") as workspace:
        entries = convert(spec, workspace)
    return Kit(entries, Workspace(workspace).folder(Stage.FETCH))


@dataclass
class Site:
    """A gateway, and the root key to use it with."""

    url: str
    client: httpx.AsyncClient
    triton_url: str

    async def ocr(self, document: object, *, key: str = ROOT, **fields: object) -> httpx.Response:
        body = {"model": MODEL.name, "document": document, **fields}
        return await self.call("POST", "/ocr", key=key, json=body)

    async def parse(self, content: bytes, *, key: str = ROOT, **fields: str) -> httpx.Response:
        files = {"file": ("report.pdf", content, "application/pdf")}
        return await self.call("POST", "/parse-beta", key=key, files=files, data=fields)

    async def call(self, method: str, path: str, *, key: str = ROOT, **options: object) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}"}
        return await self.client.request(method, f"/v1{path}", headers=headers, **options)  # type: ignore[arg-type]


async def user_key(site: Site) -> str:
    """Key of a new user whose role has no models."""
    role = await site.call("POST", "/admin/roles", json={"name": "none"})
    account = {"email": "rower@example.org", "password": "correct horse", "role": role.json()["id"]}
    user = await site.call("POST", "/admin/users", json=account)
    token = await site.call("POST", "/admin/tokens", json={"name": "test", "user": user.json()["id"]})
    return str(token.json()["token"])


@asynccontextmanager
async def serving(kit: Kit, folder: Path) -> AsyncIterator[Site]:
    """A gateway that runs as long as the block."""
    storage = FolderStorage(folder / "repository")
    triton = EmbeddedTriton(
        repository=storage.root, runtime=folder / "triton", settings=TritonSettings(start_seconds=120)
    )
    database = Database(f"sqlite+aiosqlite:///{folder / 'trireme.db'}")
    await database.upgrade()
    await KeyService(database).ensure_root(ROOT)
    try:
        await triton.start()
        await _deploy(kit, storage, triton, database)
        app = create_app(
            GatewaySettings(documents=DOCUMENTS),
            database=database,
            storage=storage,
            triton_urls=[triton.url],
            triton_http_urls=[triton.http_url],
            uploads=FolderStore(folder / "uploads"),
            upload_settings=UploadSettings(),
            secret_keys=[new_key()],
        )
        async with (
            on_a_socket(app) as url,
            httpx.AsyncClient(base_url=url, timeout=120, trust_env=False) as client,
        ):
            yield Site(url, client, triton.url)
    finally:
        await triton.stop()
        await database.close()


async def _deploy(kit: Kit, storage: FolderStorage, triton: EmbeddedTriton, database: Database) -> None:
    for entry, manifest in zip(kit.entries, kit.manifests, strict=True):
        storage.publish(entry, manifest)
    await load(triton, storage, *(manifest.entry for manifest in kit.manifests))
    build_id = await ModelService(database).add(
        NewModel(name=MODEL.name, source="file:/kit", tasks=MODEL.tasks)
    )
    await put_into_service(database, build_id, kit.manifests)
