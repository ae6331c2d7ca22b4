"""The whole life of a model on a real PostgreSQL, from its source to the end of its traffic."""

import asyncio

import pytest
from asking import answers, loaded
from site_under_test import Site, until

from control_plane.builds.tables import BuildStatus
from control_plane.gateways import acknowledge
from control_plane.models.schemas import NewModel
from control_plane.models.tables import VersionState
from control_plane.snapshot import read_catalog, read_generation
from model_repository.client import TritonClient
from model_repository.manifest import Task
from model_repository.server import EmbeddedTriton

pytestmark = pytest.mark.integration


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


async def test_a_model_is_converted_served_replaced_and_drained_by_two_gateways(
    site: Site, triton: EmbeddedTriton, client: TritonClient, source: str
):
    async def acknowledge_as(*generations: int) -> None:
        for number, generation in enumerate(generations):
            await acknowledge(site.database, f"gateway-{number}", generation)

    async def retired() -> bool:
        await acknowledge_as(new, new)
        return (await site.states())[1] is VersionState.RETIRED

    async with site.working(triton.url):
        first = await site.ended(await site.models.add(NewModel(name="mini", source=source)))
        assert first.status is BuildStatus.SUCCEEDED, first.message
        assert (await site.models.get(None, "mini")).tasks == (Task.EMBEDDING,)
        provider = (await read_catalog(site.database)).resolve(1, Task.EMBEDDING, "mini")
        assert provider.graph(Task.EMBEDDING).parity.passed

        old = await read_generation(site.database)
        await acknowledge_as(old, old)
        second = await site.ended(await site.stage())
        assert second.status is BuildStatus.SUCCEEDED, second.message
        new = await read_generation(site.database)
        for late in ((old, new), (new, old)):  # time enough, twice, to unload what must stay
            await acknowledge_as(*late)
            await asyncio.sleep(1.2)
            assert await site.states() == {1: VersionState.DRAINING, 2: VersionState.ACTIVE}
            assert await loaded(client) == {"global.mini.1", "global.mini.2"}

        await until(retired)
        assert await loaded(client) == {"global.mini.2"}
        assert await answers(client, "global.mini.2")
