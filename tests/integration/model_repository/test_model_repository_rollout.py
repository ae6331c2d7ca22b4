"""Only an entry that loads, runs on every size and answers rightly goes into service."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from tiny_encoder import make_manifest, reference, sample
from tiny_repository import ENGINES, Repository

from model_repository.client import EntryState, TritonClient, infer_request
from model_repository.errors import ServerUnavailableError
from model_repository.layout import model_path
from model_repository.manifest import Engine, Manifest
from model_repository.rollout import RolloutError, bring_up, take_down

pytestmark = pytest.mark.integration


async def is_out_of_service(client: TritonClient, manifest: Manifest) -> bool:
    with pytest.raises(ServerUnavailableError):
        await client.infer(infer_request(manifest.entry, sample(1, 3), ["sentence_embedding"]), 5)
    return (await client.index())[manifest.entry] in (EntryState.UNKNOWN, EntryState.UNAVAILABLE)


@pytest.mark.parametrize("engine", ENGINES)
async def test_up_and_down_and_up_again(repository: Repository, client: TritonClient, engine: Engine) -> None:
    manifest = repository.publish(make_manifest(engine))
    assert await client.index() == {manifest.entry: EntryState.UNKNOWN}
    for _ in range(2):
        await bring_up(client, repository.storage, manifest)
        assert await client.index() == {manifest.entry: EntryState.READY}
        await take_down(client, manifest.entry)
        assert await is_out_of_service(client, manifest)


async def test_requests_that_run_are_finished_before_it_is_gone(
    repository: Repository, client: TritonClient
) -> None:
    manifest = repository.publish(make_manifest(Engine.ONNXRUNTIME))
    await bring_up(client, repository.storage, manifest)
    request = infer_request(manifest.entry, sample(16, 32), ["last_hidden_state"])
    running = [asyncio.create_task(client.infer(request, 30)) for _ in range(32)]
    await running[0]
    await take_down(client, manifest.entry)
    for outcome in await asyncio.gather(*running, return_exceptions=True):
        assert not isinstance(outcome, BaseException) or isinstance(outcome, ServerUnavailableError)


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_graph_that_was_damaged_after_publishing_is_not_even_loaded(
    repository: Repository, client: TritonClient, engine: Engine
) -> None:
    manifest = repository.publish(make_manifest(engine))
    path = repository.storage.root / manifest.entry / model_path(manifest)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(RolloutError, match="is not the file that was published") as caught:
        await bring_up(client, repository.storage, manifest)
    assert caught.value.hint
    assert await client.index() == {manifest.entry: EntryState.UNKNOWN}


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_graph_that_no_engine_opens_is_refused_with_the_cause(
    repository: Repository, client: TritonClient, engine: Engine
) -> None:
    def cut(path: Path) -> None:
        path.write_bytes(path.read_bytes()[:1000])

    manifest = repository.publish(make_manifest(engine), spoil=cut)
    with pytest.raises(RolloutError, match=f"Triton cannot load {manifest.entry}: .*") as caught:
        await bring_up(client, repository.storage, manifest)
    assert "\n" not in caught.value.message
    assert str(repository.storage.root) not in caught.value.message
    assert await is_out_of_service(client, manifest)


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_wrong_answer_to_the_stored_sample_is_refused(
    repository: Repository, client: TritonClient, engine: Engine
) -> None:
    manifest = repository.publish(
        make_manifest(engine), expected=lambda inputs: reference(inputs) + np.float32(0.01)
    )
    with pytest.raises(RolloutError, match=r"differs by 0[.]01") as caught:
        await bring_up(client, repository.storage, manifest)
    assert caught.value.hint
    assert await is_out_of_service(client, manifest)


async def test_without_a_server_nothing_is_claimed(repository: Repository) -> None:
    manifest = repository.publish(make_manifest(Engine.ONNXRUNTIME))
    nowhere = TritonClient("127.0.0.1:1")
    with pytest.raises(ServerUnavailableError):
        await bring_up(nowhere, repository.storage, manifest)
    await nowhere.close()
