"""`trireme secrets`: the key that the keys of providers elsewhere are encrypted with."""

import asyncio

import typer

from trireme.cli.options import Config, Data, settings
from trireme.state import database

app = typer.Typer(help="Replace the key that secrets are encrypted with.", no_args_is_help=True)


@app.command()
def key() -> None:
    """Print a fresh key, to be put in front of the others in TRIREME_SECRET_KEYS."""
    from control_plane.secret_box import new_key

    typer.echo(new_key())


@app.command()
def reseal(data: Data = None, config: Config = None) -> None:
    """Encrypt all secrets anew with the first key; the others can then go."""
    from control_plane.routers.resealing import reseal as reseal_all
    from control_plane.secret_box import SecretBox
    from trireme.data_folder import secret_keys

    loaded = settings(data, config)

    async def run() -> int:
        async with database(loaded) as db:
            return await reseal_all(db, SecretBox(secret_keys(loaded)))

    typer.echo(f"{asyncio.run(run())} secrets encrypted anew")
