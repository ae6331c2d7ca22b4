"""A worker as a process of its own, to be killed: run_worker.py DATABASE_URL FOLDER."""

import asyncio
import sys
from pathlib import Path

from site_under_test import SETTINGS

from control_plane.db.engine import Database
from control_plane.uploads.store import FolderStore
from control_plane.worker import Worker
from model_repository.storage import FolderStorage


async def main(url: str, folder: Path) -> None:
    storage = FolderStorage(folder / "repository")
    uploads = FolderStore(folder / "uploads")
    await Worker(
        Database(url),
        storage,
        triton_urls=(),
        settings=SETTINGS,
        workspaces=folder / "builds",
        uploads=uploads,
    ).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
