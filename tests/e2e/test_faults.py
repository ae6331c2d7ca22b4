"""What breaks, breaks for real: processes die by kill -9, and callers keep their answers."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from harness import Server, newest_build, trireme, wait_until

pytestmark = pytest.mark.integration

NAME = "all-minilm-l6-v2"


@contextmanager
def load(server: Server, callers: int = 4) -> Iterator[Counter[int]]:
    """Requests without a pause from some callers; counts the statuses. A hung request fails the test."""
    statuses: Counter[int] = Counter()
    stop = threading.Event()
    problems: list[Exception] = []

    def call() -> None:
        with httpx.Client(base_url=server.address, timeout=40, trust_env=False) as client:
            while not stop.is_set():
                try:
                    response = client.post(
                        "/text-vectorisation", json={"text": "under load"}, headers={"x-api-key": server.key}
                    )
                except httpx.HTTPError as error:
                    problems.append(error)
                    return
                statuses[response.status_code] += 1
                if response.status_code == 503 and "retry-after" not in response.headers:
                    problems.append(AssertionError("503 without Retry-After"))

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: sum(statuses.values()) > callers)
        yield statuses
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not problems


def test_triton_killed_under_load_comes_back_by_itself(server: Server) -> None:
    with load(server) as statuses:
        server.part("tritonserver").kill()
        wait_until(lambda: statuses[503] > 0)
        served = statuses[200]
        wait_until(lambda: statuses[200] > served + 20)
    assert set(statuses) == {200, 503}


def test_a_killed_worker_and_a_killed_gateway_are_started_again(server: Server) -> None:
    for name in ("worker", "gateway"):
        killed = server.part(name)
        killed.kill()
        wait_until(lambda killed=killed: not killed.is_running())

    def answers() -> bool:
        try:
            return server.embed("again").is_success
        except httpx.TransportError:
            return False

    wait_until(answers)
    wait_until(lambda: "worker" in " ".join(" ".join(each.cmdline()) for each in server.process.children()))


def test_a_failed_build_says_why_and_leaves_the_old_version_serving(server: Server, tmp_path: Path) -> None:
    before = server.embed("steady").json()
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text('{"architectures": ["BertModel"], "model_type": "bert"}')
    (broken / "model.safetensors").write_bytes(b"\xff" * 100)

    failed = trireme("models", "add", f"file:{broken}", "--name", NAME, data=server.data, check=False)

    assert failed.returncode == 1
    assert "failed" in failed.stderr
    assert "safetensors" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert server.embed("steady").json() == before
    logs = trireme("models", "logs", NAME, data=server.data).stdout
    assert "failed" in logs


def test_a_source_that_does_not_exist_fails_with_a_cause(server: Server) -> None:
    failed = trireme(
        "models", "add", "file:/no/such/folder", "--name", "ghost", data=server.data, check=False
    )
    assert failed.returncode == 1
    assert "/no/such/folder" in failed.stderr


def test_a_build_whose_worker_dies_and_a_rollback_lose_no_request(server: Server, tiny: Path) -> None:
    with load(server, callers=1) as statuses:
        trireme("models", "add", f"file:{tiny}", "--name", NAME, "--no-wait", data=server.data)
        wait_until(lambda: newest_build(server.data) == ("running", "export"), 120)
        server.part("worker").kill()
        wait_until(lambda: newest_build(server.data)[0] not in ("queued", "running"), 240)
        assert newest_build(server.data)[0] == "succeeded"
        wait_until(lambda: dimensions(server) == 32)
        trireme("models", "rollback", NAME, data=server.data)
        wait_until(lambda: dimensions(server) == 384)
    assert statuses.keys() == {200}


def dimensions(server: Server) -> int:
    return len(server.embed("which version").json()["vector"])
