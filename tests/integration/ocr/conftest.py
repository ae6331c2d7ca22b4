"""One Triton, one kit and one gateway for all tests of reading."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from ocr_site import Kit, Site, build_kit, serving
from shared_builds import SharedBuilds


@pytest.fixture(scope="session")
def kit(shared_builds: SharedBuilds) -> Kit:
    """The real model, converted once a run."""
    return build_kit(shared_builds)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with serving(kit, tmp_path_factory.mktemp("ocr")) as running:
        yield running
