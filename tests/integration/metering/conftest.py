"""A real redis-server for each test: some stop it, and none sees another's counters."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ports import free_port
from redis_process import RedisServer


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path, free_port())
    server.start()
    yield server
    server.stop()
