"""Several gateways on one address: all answer, one that dies is missed by nobody, and they count together."""

import re
import signal
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest
from harness import Server, environment, serving
from ports import free_port

pytestmark = pytest.mark.integration


def gateways(server: Server) -> list[psutil.Process]:
    return [child for child in server.process.children() if "gateway" in child.cmdline()]


def answering(address: str) -> str:
    """Which gateway answers on a connection of its own: the beginning of the request's id."""
    return httpx.get(f"{address}/health/live", trust_env=False).headers["x-request-id"][:24]


def answering_in_time(address: str, count: int, old: frozenset[str] = frozenset()) -> set[str]:
    """So many gateways that have answered, none of them among the old ones."""
    names: set[str] = set()
    deadline = time.monotonic() + 120
    while len(names) < count:
        assert time.monotonic() < deadline
        try:
            names |= {answering(address)} - old
        except httpx.TransportError:
            time.sleep(0.1)  # one that died has taken the connection along, or another one starts
    return names


def counted(server: Server) -> int:
    page = httpx.get(
        f"{server.address}/metrics", headers={"authorization": f"Bearer {server.key}"}, trust_env=False
    )
    pattern = r'^trireme_gateway_requests_total\{handler="/health/live",.*\} (\S+)$'
    return sum(int(float(number)) for number in re.findall(pattern, page.text, re.MULTILINE))


def test_two_gateways_share_the_address_and_the_counts(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--catalogue", "none", "--workers", "2") as server:
        first, second = gateways(server)
        answering_in_time(server.address, 2)
        before = counted(server)
        for _ in range(20):
            answering(server.address)
        assert {counted(server) for _ in range(10)} == {before + 20}

        second.kill()
        second.wait(10)
        for _ in range(20):
            answering(server.address)
        assert counted(server) >= before + 40
        assert first.is_running()


def test_gateways_alone_share_an_address_and_come_back(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "trireme", "gateway", "--workers", "2", "--port", str(port)]
    options = ["--data", str(tmp_path / "data"), "--set", "triton.urls=127.0.0.1:9"]
    supervisor = psutil.Popen([*command, *options], env=environment())
    try:
        names = answering_in_time(f"http://127.0.0.1:{port}", 2)
        for child in supervisor.children():
            child.kill()
        answering_in_time(f"http://127.0.0.1:{port}", 2, frozenset(names))
    finally:
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(60) == 0
