"""`trireme keys`: who may call."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from trireme.cli.options import Config, Data, settings
from trireme.state import database
from trireme.terminal import terminal

if TYPE_CHECKING:
    from control_plane.accounts.keys import CreatedKey, KeySummary

app = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    account: Annotated[str, typer.Option(help="Account that it belongs to; made if it is new.")] = "root",
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Days until it expires; never if left out.")
    ] = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Make a key. Its secret is printed once and stored only as a hash."""
    from control_plane.accounts.keys import KeyService
    from control_plane.accounts.service import AccountService

    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None

    async def run() -> "CreatedKey":
        async with database(settings(data, config)) as db:
            await AccountService(db).ensure(account)
            return await KeyService(db).create(account, name, expires_at)

    created = asyncio.run(run())
    terminal(stderr=True).print(f"key {created.prefix}… for account {account}; it is not shown again:")
    typer.echo(created.secret)


@app.command()
def root(data: Data = None, config: Config = None) -> None:
    """Put the root key in force, which `trireme serve` does at its start; the one before is revoked.

    It is root_key, or else the one in the data folder. Without either a new one is printed once, and kept
    nowhere.
    """
    from control_plane.accounts.keys import KeyService
    from trireme.data_folder import new_root_key, present_root_key

    chosen = settings(data, config)
    present = present_root_key(chosen)
    secret = present or new_root_key()

    async def run() -> None:
        async with database(chosen) as db:
            await KeyService(db).ensure_root(secret)

    asyncio.run(run())
    if present:
        typer.echo(f"the root key of {'root_key' if chosen.root_key else chosen.root_key_file} is in force")
    else:
        terminal(stderr=True).print("root key; it is not shown again:")
        typer.echo(secret)


@app.command("list")
def list_(data: Data = None, config: Config = None) -> None:
    """List keys, without their secrets."""
    from control_plane.accounts.keys import KeyService

    async def run() -> "list[KeySummary]":
        async with database(settings(data, config)) as db:
            return await KeyService(db).list()

    table = Table("id", "account", "name", "key", "created", "expires", "state", box=None)
    for key in asyncio.run(run()):
        table.add_row(
            str(key.id),
            key.account,
            key.name,
            f"{key.prefix}…",
            f"{key.created_at:%Y-%m-%d %H:%M}",
            f"{key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "never",
            "revoked" if key.revoked_at else "active",
        )
    terminal().print(table)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Id or shown prefix of the key.")],
    data: Data = None,
    config: Config = None,
) -> None:
    """Revoke a key; every gateway refuses it within a second."""
    from control_plane.accounts.keys import KeyService

    async def run() -> None:
        async with database(settings(data, config)) as db:
            await KeyService(db).revoke(key)

    asyncio.run(run())
    typer.echo(f"revoked {key}")
