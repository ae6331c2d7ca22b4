"""The embedded server comes back when it dies, and never outlives what started it."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest
from tiny_encoder import make_manifest, sample
from tiny_repository import Repository

from model_repository.client import TritonClient, infer_request
from model_repository.environment import SHARED_MEMORY, Distribution, Level, _stub, check_environment
from model_repository.errors import ServerUnavailableError
from model_repository.manifest import Engine
from model_repository.rollout import bring_up
from model_repository.server import EmbeddedTriton, ServerStartError, _free_ports
from model_repository.settings import TritonSettings

pytestmark = pytest.mark.integration


def alive(pids: list[int]) -> list[int]:
    """Those that still run, after a wait of up to 20 seconds for their end."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        pids = [pid for pid in pids if _runs(pid)]
        if not pids:
            break
        time.sleep(0.02)
    return pids


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def until_restarted(triton: EmbeddedTriton, dead: int | None) -> None:
    async with asyncio.timeout(30):
        while triton.pid in (None, dead):  # noqa: ASYNC110  # looks from outside, as an operator does
            await asyncio.sleep(0.01)


async def test_killed_under_load_it_comes_back_at_the_same_address(
    repository: Repository, triton: EmbeddedTriton, client: TritonClient
) -> None:
    manifest = repository.publish(make_manifest(Engine.ONNXRUNTIME))
    await bring_up(client, repository.storage, manifest)
    request = infer_request(manifest.entry, sample(16, 32), ["sentence_embedding"])
    url, pid = triton.url, triton.pid
    assert pid is not None
    stubs = [child.pid for child in psutil.Process(pid).children()]
    assert len(stubs) == 1
    os.kill(pid, signal.SIGSTOP)  # or the last request could be answered before the kill
    running = [asyncio.create_task(client.infer(request, 10)) for _ in range(64)]
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(9):  # none waits for its time limit
        outcomes = await asyncio.gather(*running, return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert failures
    assert all(isinstance(failure, ServerUnavailableError) for failure in failures)
    with pytest.raises(ServerUnavailableError):
        await client.infer(request, 10)
    await until_restarted(triton, pid)
    await client.wait_ready(30)
    assert triton.url == url
    assert alive([pid, *stubs]) == []
    await bring_up(client, repository.storage, manifest)
    await client.infer(request, 10)


async def test_a_stopped_server_leaves_nothing(
    repository: Repository, triton: EmbeddedTriton, client: TritonClient
) -> None:
    manifest = repository.publish(make_manifest(Engine.OPENVINO))
    await bring_up(client, repository.storage, manifest)
    assert triton.pid is not None
    family = [triton.pid, *(child.pid for child in psutil.Process(triton.pid).children(recursive=True))]
    await triton.stop()
    assert triton.pid is None
    assert alive(family) == []
    assert list(SHARED_MEMORY.glob(f"{triton._region_prefix}*")) == []
    with pytest.raises(ServerUnavailableError):
        await client.index()
    await triton.start()
    await TritonClient(triton.url).wait_ready(10)


PARENT = """
import asyncio, sys
from pathlib import Path
import psutil
from model_repository.client import TritonClient
from model_repository.server import EmbeddedTriton
from model_repository.settings import TritonSettings

async def main():
    triton = EmbeddedTriton(
        repository=Path(sys.argv[1]), runtime=Path(sys.argv[2]), settings=TritonSettings()
    )
    await triton.start()
    await TritonClient(triton.url).load(sys.argv[3])
    print("family", triton.pid, *(child.pid for child in psutil.Process(triton.pid).children()), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_killed_itself_the_parent_leaves_nothing(repository: Repository, tmp_path: Path) -> None:
    manifest = repository.publish(make_manifest(Engine.ONNXRUNTIME))
    command = [
        sys.executable,
        "-c",
        PARENT,
        str(repository.storage.root),
        str(tmp_path / "t"),
        manifest.entry,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        family = next(line.split()[1:] for line in parent.stdout if line.startswith("family"))
        assert len(family) == 2
        parent.kill()
    assert alive([int(pid) for pid in family]) == []


@pytest.mark.parametrize("taken", [("grpc",), ("http",), ("grpc", "http", "metrics")])
async def test_a_port_that_somebody_took_is_not_mistaken_for_ours(
    tmp_path: Path, triton: EmbeddedTriton, monkeypatch: pytest.MonkeyPatch, taken: tuple[str, ...]
) -> None:
    urls = {"grpc": triton.url, "http": triton.http_url, "metrics": triton.metrics_url}
    theirs = {name: int(url.rpartition(":")[2].removesuffix("/metrics")) for name, url in urls.items()}
    free = dict(zip(urls, _free_ports(3), strict=True))
    ports = [(theirs if name in taken else free)[name] for name in urls]
    other = EmbeddedTriton(
        repository=tmp_path / "repository", runtime=tmp_path / "other", settings=TritonSettings()
    )
    monkeypatch.setattr("model_repository.server._free_ports", lambda count: ports)
    with pytest.raises(ServerStartError, match="in use"):
        await other.start()
    assert other.pid is None


async def test_metrics_are_served_and_the_log_is_written(triton: EmbeddedTriton) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        page = await http.get(triton.metrics_url)
    assert "nv_pinned_memory_pool_total_bytes" in page.text
    assert "Started Metrics Service" in triton.log_file.read_text()


async def test_models_do_not_see_our_settings(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIREME_ROOT_KEY", "secret")
    triton = EmbeddedTriton(
        repository=repository.storage.root, runtime=tmp_path / "triton", settings=TritonSettings()
    )
    await triton.start()
    try:
        assert triton.pid is not None
        assert "TRIREME_ROOT_KEY" not in psutil.Process(triton.pid).environ()
    finally:
        await triton.stop()


async def test_what_is_missing_is_told_before_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "pytriton", raising=False)
    triton = EmbeddedTriton(repository=tmp_path, runtime=tmp_path / "triton", settings=TritonSettings())
    with pytest.raises(ServerStartError, match="no tritonserver") as caught:
        await triton.start()
    assert "pip install" in caught.value.hint


def test_this_machine_has_all_that_is_needed() -> None:
    findings = check_environment()
    assert {finding.subject for finding in findings} == {"triton", "python", "numpy", "shared memory"}
    assert all(finding.level is Level.OK for finding in findings)


def test_a_library_that_the_stub_lacks_is_named(tmp_path: Path) -> None:
    distribution = Distribution.find()
    assert distribution is not None
    stub = tmp_path / "stub"
    shutil.copy(distribution.stub, stub)  # elsewhere it finds its libraries through LD_LIBRARY_PATH alone
    finding = _stub(
        Distribution(
            server=distribution.server,
            python_backend=distribution.python_backend,
            stub=stub,
            libraries=tmp_path,
        )
    )
    assert finding.level is Level.PROBLEM
    assert "libcudart" in finding.detail
    assert finding.remedy
