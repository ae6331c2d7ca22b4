"""`trireme secrets`: a new key in front, everything sealed anew, the old key gone."""

import asyncio
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from control_plane.db.engine import Database
from control_plane.routers.kinds import ProviderKind, RouterType
from control_plane.routers.tables import Provider, Router
from control_plane.secret_box import SecretBox
from trireme.cli import app
from trireme.settings import Settings

RUN = CliRunner()


async def fill(database: Database, sealed: bytes) -> None:
    await database.upgrade()
    async with database.session() as session:
        router = Router(name="chat", type=RouterType.TEXT_GENERATION)
        session.add(router)
        await session.flush()
        for model, secret in (("with-key", sealed), ("without", None)):
            session.add(
                Provider(
                    router_id=router.id,
                    kind=ProviderKind.VLLM,
                    url="http://gpu-7:8000/",
                    model_name=model,
                    secret=secret,
                )
            )
    await database.close()


async def secrets(database: Database) -> list[bytes | None]:
    async with database.reading() as session:
        found = list(await session.exec(select(Provider.secret).order_by(Provider.model_name)))  # type: ignore[arg-type]
    await database.close()
    return found


def test_a_new_key_takes_over_from_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = (RUN.invoke(app, ["secrets", "key"]).stdout.strip() for _ in range(2))
    data = tmp_path / "data"
    data.mkdir()
    url = Settings(data=data).database_url
    asyncio.run(fill(Database(url), SecretBox([old]).seal("sk-upstream")))
    monkeypatch.setenv("TRIREME_SECRET_KEYS", f"{new},{old}")
    told = RUN.invoke(app, ["secrets", "reseal", "--data", str(data)])
    assert (told.exit_code, told.stdout.strip()) == (0, "1 secrets encrypted anew"), told.output
    sealed, none = asyncio.run(secrets(Database(url)))
    assert none is None
    assert sealed is not None
    assert SecretBox([new]).open(sealed) == "sk-upstream"
    assert "sk-upstream" not in told.output
