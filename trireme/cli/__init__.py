"""The `trireme` command."""

import sys

import typer
from rich.console import Console

from model_repository.errors import TriremeError
from trireme.cli import database, doctor, keys, migrate, models, processes, reference, secrets

app = typer.Typer(
    name="trireme",
    help="Convert models, prove them against the original, and serve them on NVIDIA Triton behind REST APIs.",
    epilog="Start with `trireme serve`; what a machine lacks, `trireme doctor` says. "
    "Every setting can be given as TRIREME_*, in a TOML file (--config) or as a flag, the flag winning.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
processes.register(app)
app.add_typer(models.app, name="models")
app.add_typer(keys.app, name="keys")
app.add_typer(secrets.app, name="secrets")
app.add_typer(database.app, name="db")
app.command()(doctor.doctor)
app.command()(migrate.migrate)
app.command("settings")(reference.show)


def main() -> None:
    """Run the command; an error that was raised on purpose becomes two lines and exit status 1."""
    try:
        app()
    except TriremeError as error:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"[bold red]error[/] {error.message}", markup=True)
        if error.hint:
            console.print(f"[dim]{error.hint}[/]")
        sys.exit(1)
