"""What the command says when something is wrong that is no defect: two lines, as they were meant."""

import sys
from pathlib import Path

import pytest

from trireme.cli import main


def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """The lines of a command that fails."""
    monkeypatch.setattr(sys, "argv", ["trireme", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    return capsys.readouterr().err.splitlines()


def test_brackets_are_no_markup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    odd = tmp_path / "[bold]a[" / "b].toml"
    first, *_ = told(monkeypatch, capsys, "doctor", "--config", str(odd))
    assert first == f"error cannot read {odd}: No such file or directory"


def test_a_hint_keeps_the_extra_that_it_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "model_repository.objects.bucket", None)
    arguments = ("mirror", "--once", "--data", str(tmp_path), "--set", "s3.bucket=models")
    assert told(monkeypatch, capsys, *arguments) == [
        "error a bucket needs boto3",
        "pip install 'trireme[s3]'",
    ]


@pytest.mark.parametrize("command", ["serve", "db upgrade", "keys list", "models list"])
def test_a_data_folder_that_cannot_be_made_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    first, hint = told(monkeypatch, capsys, *command.split(), "--data", str(file / "data"))
    assert first.startswith(f"error cannot use {file}/data")
    assert first.endswith("Not a directory")
    assert "trireme doctor" in hint


def test_a_worker_without_a_server_would_put_nothing_into_service(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    first, hint = told(monkeypatch, capsys, "worker", "--data", str(tmp_path))
    assert first.startswith("error no inference server is configured")
    assert "triton.urls" in hint


def test_a_database_that_is_not_there_is_told_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    unused_tcp_port: int,
) -> None:
    url = f"postgresql+asyncpg://me:hunter2@127.0.0.1:{unused_tcp_port}/none"
    monkeypatch.setenv("TRIREME_DATABASE_URL", url)
    first, hint = told(monkeypatch, capsys, "keys", "list", "--data", str(tmp_path))
    assert first.startswith("error the database cannot be reached: ")
    assert "hunter2" not in first
    assert "database.url" in hint
