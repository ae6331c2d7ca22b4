"""Chunks as they come, callers who leave, queues that are full, models that go, servers that die."""

import asyncio
import os
import signal

import pytest
from generation_site import Site
from streams import generate, message

from model_repository.client import EntryState, TritonClient
from model_repository.errors import ServerUnavailableError
from model_repository.rollout import bring_up
from model_repository.server import EmbeddedTriton
from model_repository.settings import TritonSettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

KINDS = ("llama", "t5")
PROMPT = [60, 77, 8, 100]
QUEUE = 512


@pytest.mark.parametrize("kind", KINDS)
async def test_tokens_come_one_by_one(site: Site, triton: TritonClient, kind: str) -> None:
    served = await site.serve(kind)
    answers = await generate(triton, served.manifest, PROMPT, max_new_tokens=16, min_new_tokens=16)
    assert answers.chunks >= 16
    assert len(answers.all[0]) == 16


async def test_a_response_brings_as_many_tokens_as_were_asked_for(site: Site, triton: TritonClient) -> None:
    for kind in KINDS:
        served = await site.serve(kind)
        lengths = {"max_new_tokens": 10, "min_new_tokens": 10}
        single = await generate(triton, served.manifest, PROMPT, **lengths)
        gathered = await generate(triton, served.manifest, PROMPT, **lengths, stream_interval=4)
        assert gathered.all == single.all
        assert single.chunks > gathered.chunks == 3


async def test_a_server_that_dies_ends_its_streams_and_serves_again(site: Site) -> None:
    served = await site.serve("llama")
    server = EmbeddedTriton(
        repository=site.storage.root,
        runtime=site.folder / "mortal",
        settings=TritonSettings(start_seconds=120),
    )
    await server.start()
    client = TritonClient(server.url)
    try:
        await bring_up(client, site.storage, served.manifest)
        long = message(served.manifest, PROMPT, max_new_tokens=200, min_new_tokens=200)
        with pytest.raises(ServerUnavailableError):  # noqa: PT012  # it must fail after the first token
            async for _ in client.stream(long, 60):
                if server.pid is not None:
                    os.kill(server.pid, signal.SIGKILL)
        await client.wait_ready(60)
        await bring_up(client, site.storage, served.manifest)
        assert len((await generate(client, served.manifest, PROMPT, max_new_tokens=5)).all) == 1
    finally:
        await client.close()
        await server.stop()


async def test_callers_who_leave_make_room_within_some_steps(site: Site, triton: TritonClient) -> None:
    """The queue is filled by those who leave; if they kept their places, the others would be refused."""
    served = await site.serve("llama")
    long = {"max_new_tokens": 200, "min_new_tokens": 200}

    async def leave_after_the_first_token() -> None:
        async for _ in triton.stream(message(served.manifest, PROMPT, **long), 60):
            return

    for _ in range(2):
        await asyncio.gather(*(leave_after_the_first_token() for _ in range(QUEUE - 8)))
        answers = await generate(triton, served.manifest, PROMPT, max_new_tokens=32, min_new_tokens=32)
        assert len(answers.all[0]) == 32


async def test_a_full_queue_refuses_and_serves_all_that_it_took(site: Site, triton: TritonClient) -> None:
    served = await site.serve("llama")
    callers = [
        asyncio.create_task(generate(triton, served.manifest, PROMPT, max_new_tokens=60, min_new_tokens=60))
        for _ in range(2 * QUEUE)
    ]
    results = await asyncio.gather(*callers, return_exceptions=True)
    refused = [each for each in results if isinstance(each, ServerUnavailableError)]
    answered = [each for each in results if not isinstance(each, BaseException)]
    assert len(refused) + len(answered) == len(results)
    assert refused
    assert len(answered) >= QUEUE
    assert {tuple(each.all[0]) for each in answered} == {tuple(answered[0].all[0])}


@pytest.mark.parametrize("kind", KINDS)
async def test_an_entry_is_unloaded_after_its_answers_and_can_come_back(
    site: Site, triton: TritonClient, kind: str
) -> None:
    served = await site.serve(kind)
    entry = served.manifest.entry
    begun = asyncio.Event()

    async def run() -> int:
        chunks = 0
        async for _ in triton.stream(
            message(served.manifest, PROMPT, max_new_tokens=150, min_new_tokens=150), 60
        ):
            begun.set()
            chunks += 1
        return chunks

    running = asyncio.create_task(run())
    await begun.wait()
    await triton.unload(entry)
    assert await running >= 150
    while (await triton.index())[entry] is not EntryState.UNAVAILABLE:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await site.load(entry)
    assert len((await generate(triton, served.manifest, PROMPT, max_new_tokens=5)).all) == 1
