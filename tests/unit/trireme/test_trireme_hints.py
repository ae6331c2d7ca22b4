"""What the answers tell people to type is what the command takes."""

import re
import shlex

import typer.main

from control_plane.catalogue import missing_messages
from trireme.cli.models import app


def test_every_hint_for_a_missing_model_is_a_command_that_exists():
    add = typer.main.get_command(app).commands["add"]  # type: ignore[attr-defined]
    hints = missing_messages(names=set(), aliases=set())
    assert hints
    for (task, name), hint in hints.items():
        command, serve = re.findall(r"`([^`]+)`", hint)
        words = shlex.split(command)
        assert words[:3] == ["trireme", "models", "add"]
        given = add.make_context("add", words[3:]).params
        assert task in given["task"]
        assert name == given["name"] or f"{task}={name}" in given["alias"]
        assert serve.startswith("trireme serve --catalogue ")
