"""One gateway and one server of all vendors for all tests of inference."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from databases import NewDatabase
from inference_site import Site, gateway
from vendors import Vendors, running_vendors


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("inference")
    async with gateway(new_database(folder), folder) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def all_vendors() -> AsyncIterator[Vendors]:
    async with running_vendors() as running:
        yield running


@pytest.fixture
def vendors(all_vendors: Vendors) -> Vendors:
    """The vendors, with nothing asked yet and nothing amiss."""
    all_vendors.asked.clear()
    all_vendors.faults.clear()
    all_vendors.going.clear()
    all_vendors.left.clear()
    return all_vendors
