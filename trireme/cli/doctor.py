"""`trireme doctor`: what this machine lacks."""

import typer
from rich.table import Column, Table
from rich.text import Text

from trireme.cli.options import Config, Data, Set, settings
from trireme.terminal import terminal


def doctor(data: Data = None, config: Config = None, assignments: Set = None) -> None:
    """Check this machine and say what to install. Exit status 1 if something is a problem."""
    from model_repository.environment import Level
    from trireme.doctor import examine

    styles = {Level.OK: "green", Level.OPTIONAL: "yellow", Level.PROBLEM: "bold red"}
    findings = list(examine(settings(data, config, assignments)))
    table = Table("", "what", Column("found", overflow="fold"), "what to do", box=None)
    for finding in findings:
        style = styles[finding.level]
        table.add_row(Text(finding.level, style), finding.subject, finding.detail, finding.remedy)
    terminal().print(table)
    if any(finding.level is Level.PROBLEM for finding in findings):
        raise typer.Exit(1)
