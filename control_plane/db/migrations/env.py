"""Where Alembic runs: on the program's own connection, or on a scratch file to write a revision."""

from pathlib import Path
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, create_engine
from sqlalchemy.types import TypeDecorator

from control_plane.db.tables import metadata


def _plain_type(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own column types into revisions as what they are to the database."""
    return f"sa.{item.impl_instance!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, render_item=_plain_type
    )
    with context.begin_transaction():
        context.run_migrations()


if (given := context.config.attributes.get("connection")) is not None:
    _run(given)
else:
    Path(".cache").mkdir(exist_ok=True)
    with create_engine(str(context.config.get_main_option("sqlalchemy.url"))).begin() as scratch:
        _run(scratch)
