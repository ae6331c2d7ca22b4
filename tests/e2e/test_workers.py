"""Several gateways on one address: all answer, one that dies is missed by nobody, and they count together."""

import re
from pathlib import Path

import httpx
import psutil
import pytest
from harness import Server, serving

pytestmark = pytest.mark.integration


def gateways(server: Server) -> list[psutil.Process]:
    return [child for child in server.process.children() if "gateway" in child.cmdline()]


def answering(server: Server) -> str:
    """Which gateway answers on a connection of its own: the beginning of the request's id."""
    return httpx.get(f"{server.address}/health/live", trust_env=False).headers["x-request-id"][:24]


def counted(server: Server) -> int:
    page = httpx.get(
        f"{server.address}/metrics", headers={"authorization": f"Bearer {server.key}"}, trust_env=False
    )
    pattern = r'^trireme_gateway_requests_total\{handler="/health/live",.*\} (\S+)$'
    return sum(int(float(number)) for number in re.findall(pattern, page.text, re.MULTILINE))


def test_two_gateways_share_the_address_and_the_counts(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--catalogue", "none", "--workers", "2") as server:
        first, second = gateways(server)
        names: set[str] = set()
        while len(names) < 2:
            names.add(answering(server))
        before = counted(server)
        for _ in range(20):
            answering(server)
        assert {counted(server) for _ in range(10)} == {before + 20}

        second.kill()
        second.wait(10)
        for _ in range(20):
            answering(server)
        assert counted(server) >= before + 40
        assert first.is_running()
