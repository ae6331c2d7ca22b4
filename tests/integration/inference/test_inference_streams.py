"""Streamed chats that others' APIs answer: events as they are, one more, and an end in every case."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from inference_site import ROOT, Site
from vendors import WORDS, Vendors

from gateway.serving.metering.tokens import load_encoding

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

QUESTION = [{"role": "user", "content": "How many rows of oars has a trireme?"}]
COUNT = load_encoding("tiktoken_gpt2").encode_ordinary


async def stream(site: Site, model: str, **fields: Any) -> httpx.Response:
    body = {"model": model, "messages": QUESTION, "stream": True, **fields}
    return await site.call("POST", "/chat/completions", body)


def data_of(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    *events, rest = answer.text.split("\n\n")
    assert rest == ""
    assert all(event.startswith("data: ") and "\n" not in event for event in events)
    return [event.removeprefix("data: ") for event in events]


@pytest.mark.parametrize("vendor", ["vllm", "unfinished"])
async def test_events_pass_unchanged_and_one_more_tells_the_usage(site: Site, vendors: Vendors, vendor: str):
    model = await site.model(vendors.at(vendor), "vllm", cost_completion_tokens=100.0)
    *events, end = data_of(await stream(site, model, stream_options={"include_usage": True}))
    assert end == "[DONE]"
    assert vendors.body["stream"] is True
    assert vendors.body["stream_options"] == {"include_usage": True}
    *chunks, told, last = [json.loads(event) for event in events]
    texts = [chunk["choices"][0]["delta"]["content"] for chunk in chunks]
    assert texts == ["", *WORDS]
    assert {chunk["model"] for chunk in chunks} == {"real-name"}
    assert told["usage"]["completion_tokens"] == 5
    assert (last["choices"], last["model"], last["id"]) == ([], "real-name", "chatcmpl-vendor")
    usage = last["usage"]
    written = sum(len(COUNT(word.strip())) for word in WORDS)
    assert usage["completion_tokens"] == written
    assert usage["cost"] == round(written / 1e6 * 100, 6)
    assert usage["model_tokens"]["prompt_tokens"] == 31


async def test_refusals_before_the_first_event_are_answers_of_their_own(site: Site, vendors: Vendors):
    vendors.faults["vllm"] = (413, b'{"message": "too much"}')
    answer = await stream(site, await site.model(vendors.at("vllm"), "vllm"))
    assert (answer.status_code, answer.json()) == (413, {"detail": "too much"})
    assert answer.headers["content-type"] == "application/json"
    answer = await stream(site, await site.model(vendors.at("silent"), "vllm"))
    assert answer.status_code == 502
    assert "detail" in answer.json()


async def test_a_stream_that_breaks_ends_with_an_error_event(site: Site, vendors: Vendors):
    events = data_of(await stream(site, await site.model(vendors.at("broken"), "vllm")))
    assert [json.loads(event)["choices"][0]["delta"]["content"] for event in events[:-1]] == ["", WORDS[0]]
    error = json.loads(events[-1])["error"]
    assert error["message"] == "Model is too busy (RemoteProtocolError), please try again later."


async def test_a_caller_who_leaves_closes_the_upstream(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("endless"), "vllm")
    body = {"model": model, "messages": QUESTION, "stream": True}
    headers = {"authorization": f"Bearer {ROOT}"}
    async with site.client.stream("POST", "/v1/chat/completions", json=body, headers=headers) as answer:
        assert answer.status_code == 200
        await asyncio.wait_for(vendors.going.wait(), 10)
    await asyncio.wait_for(vendors.left.wait(), 10)


async def test_time_to_the_first_text_is_recorded(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("vllm"), "vllm")
    key = await site.user(model)
    body = {"model": model, "messages": QUESTION, "stream": True}
    assert (await site.call("POST", "/chat/completions", body, key=key)).status_code == 200
    calls: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not calls:
            calls = (await site.call("GET", "/me/usage", key=key)).json()["data"]
            await asyncio.sleep(0.05)
    (call,) = calls
    assert (call["endpoint"], call["model"], call["status"]) == ("/v1/chat/completions", model, 200)
    metrics = call["usage"]["metrics"]
    assert 0 < metrics["ttft"] <= metrics["latency"]
