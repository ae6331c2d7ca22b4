"""`trireme db`: the schema."""

import asyncio

import typer

from trireme.cli.options import Config, Data, settings
from trireme.state import database

app = typer.Typer(help="Manage the database schema.", no_args_is_help=True)


@app.command()
def upgrade(data: Data = None, config: Config = None) -> None:
    """Bring the schema to the newest revision. Every command does so first; this one does nothing else."""

    async def run() -> None:
        async with database(settings(data, config)):
            pass

    asyncio.run(run())
    typer.echo("the schema is up to date")


@app.callback()
def _group() -> None:
    """Keep `upgrade` a subcommand while it is the only one."""
