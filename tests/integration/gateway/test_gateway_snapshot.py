"""The snapshot at work: no SQL on the hot path, revoked keys, new versions, a database that goes away."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

import httpx
import numpy as np
import pytest
import structlog
from running import gateway
from site_setup import Site
from sqlalchemy import Engine, event
from sqlmodel import select
from tiny_model import average, expected

from control_plane.gateways import Gateway, all_acknowledged
from control_plane.snapshot import read_generation
from gateway import catalog_feed, health
from gateway.settings import GatewaySettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PATH = "/text-vectorisation"
RARELY = GatewaySettings(poll_interval=3600)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the state is seen through HTTP or SQL only
            await asyncio.sleep(0.02)


async def test_requests_run_no_sql(site: Site, alice: str) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "request_id" in structlog.contextvars.get_contextvars():  # and not of a feed
            statements.append(statement)

    async with gateway(site, RARELY, alice) as client:
        event.listen(Engine, "before_cursor_execute", note)
        try:
            for body in ({"text": "w1"}, {"text": ["w1"] * 20}, {"text": "w1", "model": "none"}, {"text": 1}):
                await client.post(PATH, json=body)
            await client.post(PATH, json={"text": "w1"}, headers={"x-api-key": "wrong"})
            assert statements == []
            await client.get("/models")
            assert statements
        finally:
            event.remove(Engine, "before_cursor_execute", note)


async def test_revoked_key_is_refused_within_a_second(site: Site) -> None:
    secret = await site.key("erin")
    async with gateway(site, GatewaySettings(), secret) as client:
        assert (await client.get("/models")).status_code == 200
        await site.revoke(secret)
        revoked_at = monotonic()
        await until(lambda: refused(client), 5)
        assert monotonic() - revoked_at < 1


async def refused(client: httpx.AsyncClient) -> bool:
    return (await client.get("/models")).status_code == 403


async def test_new_version_takes_over_and_is_acknowledged(site: Site) -> None:
    secret = await site.key("frank")
    await site.deploy("moving", average(seed=4), owner="frank")
    body = {"text": "w7", "model": "moving"}
    others = await signed_on(site)
    async with gateway(site, GatewaySettings(), secret) as client:
        before = (await client.post(PATH, json=body)).json()["vector"]
        np.testing.assert_allclose(before, expected("w7", 4), atol=1e-5)
        await site.deploy("moving", average(seed=5), owner="frank")
        generation = await read_generation(site.database)
        await until(lambda: all_acknowledged(site.database, generation))
        after = (await client.post(PATH, json=body)).json()["vector"]
        np.testing.assert_allclose(after, expected("w7", 5), atol=1e-5)
    assert await signed_on(site) <= others, "a gateway that stopped in order signs off"


async def signed_on(site: Site) -> set[str]:
    async with site.database.reading() as session:
        return set((await session.exec(select(Gateway.id))).all())


async def test_database_outage_keeps_the_last_snapshot(
    site: Site, alice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_database: object) -> int:
        raise ConnectionRefusedError("database is away")

    monkeypatch.setattr(health, "STALE_SECONDS", 1.0)
    async with gateway(site, GatewaySettings(poll_interval=0.05), alice) as client:
        with monkeypatch.context() as outage:
            outage.setattr(catalog_feed, "read_generation", away)
            await until(lambda: has_status(client, "degraded"))
            ready = await client.get("/health/ready")
            assert ready.status_code == 200
            assert "the database has not confirmed the catalogue" in ready.json()["reasons"][0]
            assert (await client.post(PATH, json={"text": "w1"})).status_code == 200
        await until(lambda: has_status(client, "ready"))


async def has_status(client: httpx.AsyncClient, status: str) -> bool:
    return (await client.get("/health/ready")).json()["status"] == status
