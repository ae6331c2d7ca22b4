"""The real Triton over HTTP: the answers of gRPC, the same failures, and nothing but inference."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import httpx
import numpy as np
import pytest
from tiny_encoder import make_manifest, reference, sample
from tiny_repository import Repository

from model_repository.client import TritonClient
from model_repository.errors import ServerUnavailableError, UnfitInputError
from model_repository.http_client import HttpClient
from model_repository.manifest import Engine
from model_repository.rollout import bring_up
from model_repository.server import EmbeddedTriton

pytestmark = pytest.mark.integration

POOLED = "sentence_embedding"


@pytest.fixture
async def http(triton: EmbeddedTriton) -> AsyncIterator[HttpClient]:
    client = HttpClient(triton.http_url)
    yield client
    client.close()


async def test_texts_one_by_one_and_at_a_time(
    repository: Repository, client: TritonClient, http: HttpClient
) -> None:
    manifest = repository.publish(make_manifest(Engine.OPENVINO))
    await bring_up(client, repository.storage, manifest)
    for batch, length in ((1, 1), (3, 7), (16, 32)):
        answer = await http.infer(manifest.entry, sample(batch, length), [POOLED], 30)
        assert answer.keys() == {POOLED}
        np.testing.assert_allclose(answer[POOLED], reference(sample(batch, length)), atol=2e-6)
    rows = [sample(1, 8, seed) for seed in range(32)]
    answers = await asyncio.gather(*(http.infer(manifest.entry, row, [POOLED], 30) for row in rows))
    for row, answer in zip(rows, answers, strict=True):
        np.testing.assert_allclose(answer[POOLED], reference(row), atol=2e-6)


async def test_what_is_wrong_is_told_as_over_grpc(
    repository: Repository, client: TritonClient, http: HttpClient
) -> None:
    manifest = repository.publish(make_manifest(Engine.ONNXRUNTIME))
    with pytest.raises(ServerUnavailableError, match="not loaded"):
        await http.infer(manifest.entry, sample(1, 3), [POOLED], 30)
    await bring_up(client, repository.storage, manifest)
    with pytest.raises(UnfitInputError):
        await http.infer(manifest.entry, sample(1, 3), ["nothing"], 30)
    far = {name: array * 0 + 10**6 for name, array in sample(1, 3).items()}
    with pytest.raises(UnfitInputError):
        await http.infer(manifest.entry, far, [POOLED], 30)


async def test_a_server_that_was_killed_is_found_again(
    repository: Repository, triton: EmbeddedTriton, client: TritonClient, http: HttpClient
) -> None:
    manifest = repository.publish(make_manifest(Engine.OPENVINO))
    await bring_up(client, repository.storage, manifest)
    killed = triton.pid
    assert killed is not None
    os.kill(killed, signal.SIGSTOP)  # or the last request could be answered before the kill
    running = [
        asyncio.create_task(http.infer(manifest.entry, sample(16, 32), [POOLED], 30)) for _ in range(32)
    ]
    await asyncio.sleep(0)
    os.kill(killed, signal.SIGKILL)
    async with asyncio.timeout(20):  # none waits for its time limit
        outcomes = await asyncio.gather(*running, return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert failures
    assert all(isinstance(failure, ServerUnavailableError) for failure in failures)
    async with asyncio.timeout(30):
        while triton.pid in (None, killed):  # noqa: ASYNC110 - the state of a process
            await asyncio.sleep(0.01)
    await client.wait_ready(30)
    await bring_up(client, repository.storage, manifest)
    answer = await http.infer(manifest.entry, sample(2, 5), [POOLED], 30)
    np.testing.assert_allclose(answer[POOLED], reference(sample(2, 5)), atol=2e-6)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v2/repository/index"),
        ("POST", "/v2/repository/models/{entry}/load"),
        ("POST", "/v2/repository/models/{entry}/unload"),
        ("GET", "/v2/models/{entry}/config"),
        ("GET", "/v2/models/{entry}/stats"),
        ("GET", "/v2/systemsharedmemory/status"),
        ("POST", "/v2/systemsharedmemory/region/a/register"),
        ("GET", "/v2/trace/setting"),
        ("POST", "/v2/logging"),
    ],
)
async def test_nobody_controls_the_embedded_server_over_http(
    repository: Repository, triton: EmbeddedTriton, client: TritonClient, method: str, path: str
) -> None:
    manifest = repository.publish(make_manifest(Engine.OPENVINO))
    await client.load(manifest.entry)
    url = f"http://{triton.http_url}{path.format(entry=manifest.entry)}"
    async with httpx.AsyncClient(trust_env=False) as browser:
        assert (await browser.request(method, url, content=b"{}")).status_code == 403
