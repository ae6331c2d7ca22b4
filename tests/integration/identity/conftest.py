"""One gateway for all tests of identity on each database; each test makes accounts of its own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from identity_site import Site, gateway

from control_plane.settings import AccountSettings

PATIENT = AccountSettings(logins_per_email=1000, logins_per_address=100_000)


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["sqlite", "postgresql"])
async def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("identity")
    new_database = request.getfixturevalue(f"new_{request.param}")
    async with gateway(new_database(folder), folder, PATIENT) as running:
        yield running
