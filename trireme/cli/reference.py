"""`trireme settings`: what can be set."""

from typing import Annotated

import typer
from rich.table import Column, Table

from trireme.reference import markdown, reference
from trireme.terminal import terminal


def show(
    as_markdown: Annotated[bool, typer.Option("--markdown", help="As docs/configuration.md has it.")] = False,
) -> None:
    """List every setting with its environment variable, default and meaning."""
    if as_markdown:
        typer.echo(markdown(), nl=False)
        return
    setting, default = (Column(name, overflow="fold") for name in ("setting", "default"))
    table = Table(setting, default, "meaning", box=None)
    for entry in reference():
        table.add_row(f"{entry.name}\n{entry.variable}", entry.default, entry.meaning)
    terminal().print(table)
