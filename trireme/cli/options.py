"""Options that several commands share, and the settings they add up to."""

from pathlib import Path
from typing import Annotated

import typer

from trireme.settings import Settings, SettingsError
from trireme.sources import load

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder of all state. [default: data]", show_default=False),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="TOML file with settings.", show_default=False),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Any setting by its name, such as log.level=debug."),
]


def settings(
    data: Path | None = None,
    config: Path | None = None,
    assignments: list[str] | None = None,
    **flags: object,
) -> Settings:
    """Settings of a command from its flags, the file and the environment."""
    given: dict[str, object] = {"data": data, **flags}
    for assignment in assignments or ():
        name, separator, value = assignment.partition("=")
        if not separator:
            raise SettingsError(f"--set {assignment} has no value", hint="Write it as NAME=VALUE.")
        given[name] = value
    return load(config=config, flags=given)
