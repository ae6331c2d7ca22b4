"""Options and look-ups that commands on an account's models share."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from trireme.data_folder import is_served
from trireme.settings import Settings
from trireme.state import database
from trireme.terminal import terminal

if TYPE_CHECKING:
    from control_plane.db.engine import Database

Name = Annotated[str, typer.Argument(help="Name of the model.")]
Owner = Annotated[
    str | None,
    typer.Option("--account", help="Account that owns it; none for a built-in model.", show_default=False),
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the build to its end.")]
T = TypeVar("T")


async def follow_build(loaded: Settings, db: "Database", build: int, *, wait: bool) -> bool:
    """Follow a build to its end if that is wanted and a worker runs; whether nothing is wrong with it."""
    if not loaded.database.url and not is_served(loaded):
        typer.echo(f"build {build} waits for a worker: start `trireme serve --data {loaded.data}`", err=True)
        return True
    if not wait:
        typer.echo(f"build {build} is queued")
        return True
    from trireme.progress import follow

    return not await follow(db, [build], terminal(stderr=True))


def with_owner(
    loaded: Settings, account: str | None, run: "Callable[[Database, int | None], Awaitable[T]]"
) -> T:
    """Run with the database and the id of the named account, None for built-in models."""

    from control_plane.accounts.service import AccountService
    from control_plane.catalog.errors import ModelNotFoundError

    async def main() -> T:
        async with database(loaded) as db:
            owner = await AccountService(db).find(account) if account else None
            try:
                return await run(db, owner)
            except ModelNotFoundError as error:
                if account is None:
                    error.hint = "Only built-in models were searched; --account names who owns another one."
                raise

    return asyncio.run(main())
