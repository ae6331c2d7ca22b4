"""What the command says when something is wrong that is no defect: two lines, as they were meant."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("TRIREME_")}

WITHOUT_BOTO3 = """
import sys
sys.modules["model_repository.objects.bucket"] = None
from trireme.cli import main
main()
"""


def told(*arguments: str, program: tuple[str, ...] = ("-m", "trireme"), **settings: str) -> list[str]:
    """The lines of a command that fails; a process of its own, because commands set up logs."""
    done = subprocess.run(
        [sys.executable, *program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT | settings,
        timeout=120,
    )
    assert done.returncode == 1
    return done.stderr.splitlines()


def test_brackets_are_no_markup(tmp_path: Path) -> None:
    odd = tmp_path / "[bold]a[" / "b].toml"
    first, *_ = told("doctor", "--config", str(odd))
    assert first == f"error cannot read {odd}: No such file or directory"


def test_a_hint_keeps_the_extra_that_it_names(tmp_path: Path) -> None:
    arguments = ("mirror", "--once", "--data", str(tmp_path), "--set", "s3.bucket=models")
    _, hint = told(*arguments, program=("-c", WITHOUT_BOTO3))
    assert hint == "pip install 'trireme[s3]'"


@pytest.mark.parametrize("command", ["serve", "db upgrade", "keys list", "models list"])
def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path, command: str) -> None:
    file = tmp_path / "file"
    file.touch()
    first, hint = told(*command.split(), "--data", str(file / "data"))
    assert first.startswith(f"error cannot use {file}/data")
    assert first.endswith("Not a directory")
    assert "trireme doctor" in hint


def test_a_worker_without_a_server_would_put_nothing_into_service(tmp_path: Path) -> None:
    first, hint = told("worker", "--data", str(tmp_path))
    assert first.startswith("error no inference server is configured")
    assert "triton.urls" in hint


def test_a_database_that_is_not_there_is_told_with_its_reason(tmp_path: Path, unused_tcp_port: int) -> None:
    url = f"postgresql+asyncpg://me:hunter2@127.0.0.1:{unused_tcp_port}/none"
    first, hint = told("keys", "list", "--data", str(tmp_path), TRIREME_DATABASE_URL=url)
    assert first.startswith("error the database cannot be reached: ")
    assert "hunter2" not in first
    assert "database.url" in hint


def test_who_looks_for_a_model_of_an_account_is_told_how(tmp_path: Path) -> None:
    first, hint = told("models", "logs", "mine", "--data", str(tmp_path / "data"))
    assert first == "error model mine not found"
    assert "--account" in hint
