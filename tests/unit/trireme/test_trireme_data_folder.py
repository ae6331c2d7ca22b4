"""The data folder: one server at a time, and the root key's file."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trireme.data_folder import DataFolderInUseError, WeakRootKeyError, is_served, locked, root_key
from trireme.settings import Settings

HOLDER = """
import sys
from pathlib import Path
from trireme.data_folder import locked
from trireme.settings import Settings
with locked(Settings(data=Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_server_is_refused_and_told_about_the_first(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    arguments = [sys.executable, "-c", HOLDER, str(settings.data)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataFolderInUseError, match=f"process {holder.pid}"), locked(settings):
            pass
        assert is_served(settings)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert not is_served(settings)
    with locked(settings):
        assert is_served(settings)


def test_a_folder_that_never_served_is_not_served(tmp_path: Path) -> None:
    assert not is_served(Settings(data=tmp_path))


def test_a_root_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    secret = root_key(settings)
    assert secret.startswith("sk-")
    assert len(secret) > 60
    assert root_key(settings) == secret
    assert settings.root_key_file.stat().st_mode & 0o777 == 0o600


def test_a_configured_root_key_is_not_written_down(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, root_key="sk-from-the-environment")
    assert root_key(settings) == "sk-from-the-environment"
    assert not settings.root_key_file.exists()


@pytest.mark.parametrize("secret", ["changeme", "short", "x" * 15])
def test_a_root_key_that_can_be_guessed_is_refused_unless_asked_for(tmp_path: Path, secret: str) -> None:
    with pytest.raises(WeakRootKeyError, match="fewer than 16 characters"):
        root_key(Settings(data=tmp_path, root_key=secret))
    assert root_key(Settings(data=tmp_path, root_key=secret, insecure=True)) == secret
