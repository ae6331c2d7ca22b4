"""`trireme settings`: what can be set."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trireme.reference import markdown, reference


def show(
    as_markdown: Annotated[bool, typer.Option("--markdown", help="As docs/configuration.md has it.")] = False,
) -> None:
    """List every setting with its environment variable, default and meaning."""
    if as_markdown:
        typer.echo(markdown(), nl=False)
        return
    table = Table("setting", "default", "meaning", box=None)
    for entry in reference():
        table.add_row(*map(Text, (f"{entry.name}\n{entry.variable}", entry.default, entry.meaning)))
    Console().print(table)
