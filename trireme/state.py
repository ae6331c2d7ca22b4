"""Opens the state that a command works on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from control_plane.db.engine import Database
from trireme.settings import Settings


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The configured database, brought to the newest schema."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    opened = Database(settings.database_url)
    try:
        await opened.upgrade()
        yield opened
    finally:
        await opened.close()
