"""A gateway as a process of its own: DATABASE_URL REPOSITORY TRITON_URL UPLOADS.

Prints its address, and after SIGTERM which heavy packages it has imported and its largest memory in MB.
"""

import pathlib
import sys

import uvloop

from control_plane.db.engine import Database
from control_plane.settings import UploadSettings
from control_plane.uploads.store import FolderStore
from gateway.app import create_app
from gateway.server import serve
from gateway.settings import GatewaySettings
from model_repository.storage import FolderStorage

HEAVY = {
    "torch",
    "transformers",
    "distributed",
    "dask",
    "pandas",
    "huggingface_hub",
    "onnx",
    "opentelemetry.sdk",
}


async def main(database: str, repository: str, triton: str, uploads: str) -> None:
    settings = GatewaySettings(port=0)
    app = create_app(
        settings,
        database=Database(database),
        storage=FolderStorage(pathlib.Path(repository)),
        triton_urls=[triton],
        uploads=FolderStore(pathlib.Path(uploads)),
        upload_settings=UploadSettings(),
    )
    await serve(app, settings, on_ready=lambda url: print(url, flush=True))  # noqa: T201


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
    rss = int(pathlib.Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024
    print(sorted(HEAVY & sys.modules.keys()), rss, flush=True)  # noqa: T201
