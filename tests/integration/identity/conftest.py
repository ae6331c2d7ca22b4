"""One gateway for all tests of identity on each database; each test makes accounts of its own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from databases import postgresql_database, sqlite_database
from identity_site import Site, gateway

from control_plane.settings import AccountSettings

PATIENT = AccountSettings(logins_per_email=1000, logins_per_address=100_000)


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["sqlite", "postgresql"])
async def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("identity")
    url = sqlite_database(folder)
    if request.param == "postgresql":
        url = postgresql_database(request.getfixturevalue("postgres_server"))
    async with gateway(url, folder, PATIENT) as running:
        yield running
