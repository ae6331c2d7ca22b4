"""`trireme models push`: from a folder to a model that serves, over HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from trireme.terminal import terminal


def push(
    folder: Annotated[Path, typer.Argument(help="Folder of the model.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the model; the folder's own if left out.", show_default=False)
    ] = None,
    url: Annotated[
        str, typer.Option(envvar="TRIREME_URL", help="Address of the gateway.")
    ] = "http://127.0.0.1:8000",
    key: Annotated[str, typer.Option(envvar="TRIREME_KEY", help="Your API key.", show_default=False)] = "",
) -> None:
    """Upload a folder as a new version of your model and follow its build. Exit status 1 if it fails."""
    import httpx

    from trireme.push import push as push_folder

    with httpx.Client(base_url=url, headers={"x-api-key": key}, timeout=60, trust_env=False) as client:
        if not push_folder(client, folder, name or folder.resolve().name.lower(), terminal(stderr=True)):
            raise typer.Exit(1)
