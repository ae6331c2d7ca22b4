"""`trireme keys root`: an administrator where nothing runs `trireme serve`."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from control_plane.accounts.keys import digest_of
from control_plane.catalog_reader import CatalogReader
from control_plane.db.engine import Database
from trireme.cli import app
from trireme.data_folder import root_key
from trireme.settings import Settings

RUN = CliRunner()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def root(data: Path) -> list[str]:
    """What the command prints."""
    told = RUN.invoke(app, ["keys", "root", "--data", str(data)])
    assert told.exit_code == 0, told.output
    return told.stdout.split()


def rules(data: Path, secret: str) -> bool:
    """Whether a key may do everything."""

    async def read() -> bool:
        database = Database(Settings(data=data).database_url)
        try:
            key = (await CatalogReader(database).read()).keys.get(digest_of(secret))
        finally:
            await database.close()
        return key is not None and key.is_root

    return asyncio.run(read())


def test_a_new_root_key_is_printed_once_and_replaces_the_one_before(data: Path) -> None:
    (first,), (second,) = root(data), root(data)
    assert first != second
    assert (rules(data, first), rules(data, second)) == (False, True)
    assert not Settings(data=data).root_key_file.exists()


def test_the_configured_root_key_is_put_in_force_and_not_shown(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "sk-from-the-environment"
    monkeypatch.setenv("TRIREME_ROOT_KEY", secret)
    assert secret not in root(data)
    assert rules(data, secret)


def test_the_root_key_of_the_data_folder_stays(data: Path) -> None:
    data.mkdir()
    secret = root_key(Settings(data=data))
    assert secret not in root(data)
    assert rules(data, secret)
    assert root_key(Settings(data=data)) == secret


def test_keys_of_the_account_root_have_no_permissions_by_that(data: Path) -> None:
    made = RUN.invoke(app, ["keys", "create", "--name", "admin", "--data", str(data)]).stdout.strip()
    assert not rules(data, made)
