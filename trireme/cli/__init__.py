"""The `trireme` command."""

import errno
import sys

import typer
from rich.text import Text

from model_repository.errors import TriremeError
from trireme.cli import database, doctor, keys, migrate, models, processes, reference, secrets
from trireme.terminal import terminal

DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)

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
    """Run the command; an error that was raised on purpose becomes two lines and exit status 1.

    So does a file that cannot be used, which is the machine's fault and no defect.
    """
    try:
        app()
    except TriremeError as error:
        _tell(error.message, error.hint)
    except OSError as error:
        if error.filename is None and error.errno not in DISK:
            raise
        where = "the disk" if error.filename is None else error.filename
        _tell(f"cannot use {where}: {error.strerror}", "`trireme doctor` checks this machine.")
    else:
        return
    sys.exit(1)


def _tell(message: str, hint: str) -> None:
    console = terminal(stderr=True, soft_wrap=True)
    console.print(Text.assemble(("error", "bold red"), " ", message))
    if hint:
        console.print(hint, style="dim")
