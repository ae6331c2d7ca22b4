"""Does a command line exist, with all its flags?"""

import shlex
from collections.abc import Sequence
from typing import Any

import typer
from distributed.cli import dask_scheduler, dask_worker

from trireme.cli import app

PROGRAMS: dict[str, Any] = {
    "trireme": typer.main.get_command(app),
    "dask scheduler": dask_scheduler.main,
    "dask worker": dask_worker.main,
}


class UnknownCommandError(Exception):
    """There is no such command, or it has no such flag."""


def check(words: Sequence[str]) -> None:
    """Find the command that a line calls, and every flag of the line among its own.

    Raises:
        UnknownCommandError: one of them does not exist.

    """
    program, *rest = words
    if program == "dask":
        program, *rest = f"dask {rest[0]}", *rest[1:]
    command = PROGRAMS.get(program)
    while rest and command is not None and hasattr(command, "commands"):
        command = command.commands.get(rest.pop(0))
    if command is None:
        raise UnknownCommandError(shlex.join(words))
    known = {flag for each in command.params for flag in (*each.opts, *each.secondary_opts)}
    for flag in (word.partition("=")[0] for word in rest if word.startswith("-")):
        if flag not in known:
            raise UnknownCommandError(f"{shlex.join(words)}: {flag}")


def split(line: str) -> list[str]:
    """Words of a line of shell up to the first pipe, redirection or comment."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;><")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= set("|&;><"):
            break
        words.append(word)
    return words
