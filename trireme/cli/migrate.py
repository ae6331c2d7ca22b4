"""`trireme migrate`: from the embedded default to PostgreSQL and S3."""

import asyncio
from contextlib import nullcontext
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from trireme.cli.options import Config, Data, Set, settings
from trireme.data_folder import locked
from trireme.settings import Settings, SettingsError
from trireme.terminal import terminal

if TYPE_CHECKING:
    from rich.progress import Progress


class Part(StrEnum):
    """What can be carried over by itself."""

    MODELS = "models"
    UPLOADS = "uploads"
    DATABASE = "database"


def migrate(
    only: Annotated[Part | None, typer.Option(help="Carry nothing else.", show_default=False)] = None,
    data: Data = None,
    config: Config = None,
    assignments: Set = None,
) -> None:
    """Carry the data folder's database, models and uploads to the configured `database.url` and `s3.bucket`.

    Models and uploads may be carried beside a running server, and those that an earlier run has brought there
    are only compared. The database is copied last, with the server stopped, all of it or nothing, and only
    into an empty one. Nothing in the data folder is changed: it serves as before without the two settings.
    """
    loaded = settings(data, config, assignments)
    parts = [part for part in (_targets(loaded)) if only in (None, part)]
    if not parts:
        raise SettingsError("nowhere to carry the data to", hint="Set database.url, s3.bucket or both.")
    console = terminal(stderr=True)
    with locked(loaded) if Part.DATABASE in parts else nullcontext():
        if Part.MODELS in parts:
            _models(loaded, console)
        if Part.UPLOADS in parts:
            _uploads(loaded, console)
        if Part.DATABASE in parts:
            asyncio.run(_database(loaded, console))


def _targets(loaded: Settings) -> list[Part]:
    targets = [Part.MODELS, Part.UPLOADS] if loaded.s3.bucket else []
    return [*targets, Part.DATABASE] if loaded.database_url != loaded.embedded_database_url else targets


def _models(loaded: Settings, console: Console) -> None:
    from model_repository.storage import FolderStorage
    from model_repository.storage.transfer import transfer
    from trireme.state import bucket_storage

    with _progress(console) as progress:
        task = progress.add_task("models", total=None, what="")
        count = transfer(
            FolderStorage(loaded.repository),
            bucket_storage(loaded),
            lambda entry, done, total: progress.update(task, completed=done, total=total, what=entry),
        )
    console.print(f"{count} models in the bucket {loaded.s3.bucket}, each compared with its digests")


def _uploads(loaded: Settings, console: Console) -> None:
    from control_plane.uploads.transfer import transfer
    from trireme.state import bucket

    with _progress(console) as progress:
        task = progress.add_task("uploads", total=None, what="")
        count = transfer(
            loaded.upload_folder,
            bucket(loaded),
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    console.print(f"{count} uploads in the bucket {loaded.s3.bucket}, each compared with its digest")


async def _database(loaded: Settings, console: Console) -> None:
    from control_plane.db.engine import Database
    from control_plane.db.transfer import transfer

    source, target = Database(loaded.embedded_database_url), Database(loaded.database_url)
    try:
        with _progress(console) as progress:
            task = progress.add_task("database", total=None, what="")
            rows = await transfer(
                source, target, lambda table, done: progress.update(task, completed=done, what=table)
            )
    finally:
        await source.close()
        await target.close()
    console.print(
        f"{sum(rows.values())} rows in {len(rows)} tables of {target.url.render_as_string()}, counted"
    )


def _progress(console: Console) -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, TextColumn("{task.fields[what]}"), console=console)
