"""Management routes while the database is away: an answer in the API's own shape, and no crash."""

from pathlib import Path

import pytest
from running import gateway
from site_setup import Site
from upload_zips import custom_zip, put, upload_url

from control_plane.db.engine import Database
from gateway.settings import GatewaySettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


async def test_management_waits_for_the_database_and_says_so(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    database = Database(f"sqlite+aiosqlite:///{folder}/trireme.db")
    await database.upgrade()
    own = Site(tmp_path / "own", database, site.storage, site.triton)
    key = await own.key("alone")
    async with gateway(own, GatewaySettings(), key) as client:
        url = await upload_url(client)
        await database.close()
        folder.rename(tmp_path / "away")
        for method, path in (("GET", "/models"), ("GET", "/models/mine"), ("DELETE", "/models/mine")):
            answer = await client.request(method, path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert answer.json()["message"].startswith("the database cannot be reached: ")
        refused = await client.post("/upload-url", json={"model_name": "mine"})
        assert (refused.status_code, "database" in refused.json()["message"]) == (503, True)
        assert (await put(client, url, custom_zip())).status_code == 503
        assert not list(own.uploads.root.glob("*"))
        (tmp_path / "away").rename(folder)
        assert (await client.get("/models")).json() == []
        assert (await put(client, url, custom_zip())).status_code == 200
    await database.close()
