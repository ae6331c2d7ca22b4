"""`/builds`: whose builds one sees, their stages, their logs while they are written, and what ends them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
from databases import NewDatabase
from running import gateway
from site_setup import Site
from tiny_model import average

from control_plane.accounts.keys import KeyService
from control_plane.accounts.service import AccountService
from control_plane.builds import queue
from control_plane.builds.progress import Progress
from control_plane.builds.queue import Claim
from control_plane.builds.tables import BuildStatus
from control_plane.db.engine import Database
from control_plane.models.schemas import NewModel
from control_plane.models.service import ModelService
from converters.spec import StageStatus
from gateway.apis.builds import log
from gateway.settings import GatewaySettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

FETCHING = Progress("fetch", StageStatus.RUNNING, 50, "half way", "/srv/fetch.log", "again", 1.5)


@pytest_asyncio.fixture(loop_scope="session")
async def builder(
    site: Site, tmp_path: Path, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    """A site with a database of its own, so that claims find no other test's builds."""
    monkeypatch.setattr(log, "POLL_SECONDS", 0.02)
    database = Database(new_database(tmp_path))
    await database.upgrade()
    yield replace(site, database=database)
    await database.close()


async def begin(site: Site, name: str, owner: str) -> Claim:
    await AccountService(site.database).ensure(owner)
    new = NewModel(name=name, source="file:/tiny", owner=owner)
    await ModelService(site.database).add(new)
    claim = await queue.claim(site.database, lease_seconds=60, max_losses=3)
    assert claim is not None
    return claim


async def read_events(response: httpx.Response) -> list[tuple[str, Any]]:
    events, name = [], ""
    async for line in response.aiter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            events.append((name, msgspec.json.decode(value)))
    return events


async def test_accounts_see_their_own_builds_and_root_sees_all(builder: Site) -> None:
    alice, bob = [await builder.key(name) for name in ("alice", "bob")]
    await KeyService(builder.database).ensure_root(root := "sk-root")
    first = await begin(builder, "one", "alice")
    second = await begin(builder, "two", "alice")
    third = await begin(builder, "three", "bob")
    await queue.end(builder.database, second, BuildStatus.FAILED, "no such file", "look again")
    async with gateway(builder, GatewaySettings(), alice) as client:

        async def listed(key: str = alice, **parameters: object) -> tuple[list[int], int | None]:
            answer = await client.get("/builds", params=parameters, headers={"x-api-key": key})
            assert answer.status_code == 200, answer.text
            body = answer.json()
            return [build["id"] for build in body["builds"]], body["next"]

        ids = [claim.build_id for claim in (first, second, third)]
        assert await listed() == ([ids[1], ids[0]], None)
        assert await listed(bob) == ([ids[2]], None)
        assert await listed(root) == (ids[::-1], None)
        assert await listed(root, limit=2) == ([ids[2], ids[1]], ids[1])
        assert await listed(root, limit=2, before=ids[1]) == ([ids[0]], None)
        assert await listed(root, model="three") == ([ids[2]], None)
        assert await listed(status="failed") == ([ids[1]], None)

        hidden = await client.get(f"/builds/{ids[2]}")
        assert (hidden.status_code, hidden.json()) == (
            404,
            {"message": f"build {ids[2]} not found", "hint": ""},
        )
        for path in (f"/builds/{ids[2]}/cancel", f"/builds/{ids[2]}/retry"):
            assert (await client.post(path)).status_code == 404
        assert (await client.get("/builds", headers={"x-api-key": "nobody"})).status_code == 403
        assert (await client.get(f"/builds/{2**40}")).status_code == 400
        wrong = await client.get("/builds", params={"limit": 0})
        assert wrong.status_code == 400
        assert "limit" in wrong.json()["message"]


async def test_a_log_is_followed_to_the_end_and_taken_up_again(builder: Site) -> None:
    claim = await begin(builder, "one", "alice")
    database = builder.database
    await queue.beat(database, claim, [replace(FETCHING, output="first\n")])
    async with gateway(builder, GatewaySettings(), await builder.key("alice")) as client:
        path = f"/builds/{claim.build_id}/log"
        async with client.stream("GET", path) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            following = asyncio.create_task(read_events(response))
            await queue.beat(database, claim, [replace(FETCHING, output="second\n")])
            await queue.end(database, claim, BuildStatus.FAILED, "no such file")
            events = await following
        pieces = [("log", {"stage": "fetch", "text": text}) for text in ("first\n", "second\n")]
        end = ("end", {"status": "failed", "message": "no such file"})
        assert events == [*pieces, end]

        async with client.stream("GET", path, headers={"last-event-id": "1"}) as response:
            assert await read_events(response) == [pieces[1], end]
        nonsense = await client.get(path, headers={"last-event-id": "x"})
        assert nonsense.status_code == 400


async def test_a_client_that_leaves_makes_room_for_another(builder: Site) -> None:
    claim = await begin(builder, "one", "alice")
    await queue.beat(builder.database, claim, [replace(FETCHING, output="first\n")])
    async with gateway(builder, GatewaySettings(log_followers=1), await builder.key("alice")) as client:
        path = f"/builds/{claim.build_id}/log"
        async with client.stream("GET", path) as response:
            lines = response.aiter_lines()  # the connection closes when nobody holds it any more
            await anext(lines)
            refused = await client.get(path)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        async with asyncio.timeout(10):
            while True:
                async with client.stream("GET", path) as response:
                    if response.status_code == 200:
                        break


async def test_cancel_and_retry(builder: Site) -> None:
    claim = await begin(builder, "one", "alice")
    await queue.beat(builder.database, claim, [replace(FETCHING, stage="compile", percent=100)])
    async with gateway(builder, GatewaySettings(), await builder.key("alice")) as client:
        path = f"/builds/{claim.build_id}"
        early = await client.post(f"{path}/retry")
        assert (early.status_code, early.json()["message"]) == (409, f"build {claim.build_id} is running")
        assert (await client.post(f"{path}/cancel")).json()["message"] == "cancelled"
        assert await queue.beat(builder.database, claim, [])
        await queue.end(builder.database, claim, BuildStatus.CANCELLED, "cancelled")
        before = (await client.get(path)).json()
        assert before["status"] == "cancelled"
        assert before["stages"][0]["reproduce"] == "again"
        assert "log" not in before["stages"][0]

        again = (await client.post(f"{path}/retry")).json()
        assert (again["status"], again["percent"]) == ("queued", before["percent"])
        second = await queue.claim(builder.database, lease_seconds=60, max_losses=3)
        assert second is not None
        assert (second.build_id, second.loading) == (claim.build_id, False)
        await queue.beat(builder.database, second, [FETCHING])
        assert (await client.get(path)).json()["percent"] == before["percent"]


async def test_parity_report(builder: Site) -> None:
    await AccountService(builder.database).ensure("alice")
    await builder.deploy("good", average(seed=9), owner="alice")
    claim = await begin(builder, "one", "alice")
    async with gateway(builder, GatewaySettings(), await builder.key("alice")) as client:
        builds = (await client.get("/builds", params={"model": "good"})).json()["builds"]
        report = (await client.get(f"/builds/{builds[0]['id']}/parity")).json()
        assert (report["model"], report["version"]) == ("good", 1)
        (entry,) = report["entries"]
        assert entry["entry"] == "alice.good.1"
        assert entry["parity"]["passed"]
        none = await client.get(f"/builds/{claim.build_id}/parity")
        assert (none.status_code, none.json()["message"]) == (
            404,
            f"build {claim.build_id} has no parity report",
        )
