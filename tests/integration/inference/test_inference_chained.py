"""Trireme as a provider of Trireme, and Mistral's own client, unmodified."""

import asyncio
import json
from typing import Any

import pytest
from inference_site import ROOT, Site
from mistralai.client import Mistral
from mistralai.client.errors import SDKError
from vendors import ANSWER, SECRET, WORDS, Vendors

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

QUESTION: Any = [{"role": "user", "content": "How many rows of oars has a trireme?"}]
TOOL: Any = {
    "type": "function",
    "function": {"name": "row", "parameters": {"type": "object", "properties": {}}},
}


async def chained(site: Site, vendors: Vendors) -> tuple[str, str]:
    """Names of a model, and of one whose provider is that model by this gateway itself."""
    inner = await site.model(vendors.at("vllm"), "vllm")
    outer = f"outer-{inner}"
    provider = {
        "router": await site.made("/admin/routers", {"name": outer, "type": "text-generation"}),
        "type": "albert",
        "url": site.url,
        "key": await site.user(inner, limits={"rpm": 3}),
        "model_name": inner,
        "timeout": 20,
    }
    await site.made("/admin/providers", provider)
    return inner, outer


async def test_trireme_answers_for_trireme(site: Site, vendors: Vendors):
    inner, outer = await chained(site, vendors)
    body = {"model": outer, "messages": QUESTION, "top_k": 3}
    answer = (await site.call("POST", "/chat/completions", body)).json()
    assert (answer["model"], answer["choices"][0]["message"]["content"]) == (outer, ANSWER)
    assert answer["usage"]["model_tokens"] == {
        "prompt_tokens": 31,
        "completion_tokens": 17,
        "total_tokens": 48,
    }
    assert (vendors.body["top_k"], vendors.body["model"]) == (3, "real-name")
    streamed = await site.call("POST", "/chat/completions", {**body, "stream": True})
    *events, end, _ = streamed.text.split("\n\n")
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    assert end == "data: [DONE]"
    assert [len(chunk["choices"]) for chunk in chunks[-3:]] == [
        0,
        0,
        0,
    ]  # the vendor's, the inner's, the outer's
    assert (chunks[-2]["model"], chunks[-1]["model"]) == ("real-name", inner)
    usage = chunks[-1]["usage"]
    assert usage["model_tokens"] == {"prompt_tokens": 31, "completion_tokens": 5, "total_tokens": 36}
    response = await site.call("POST", "/responses", {"model": outer, "input": "How many?"})
    assert response.json()["status"] == "completed"
    refused = await site.call("POST", "/chat/completions", body)
    assert (refused.status_code, SECRET in refused.text) == (429, False)
    assert refused.json() == {"detail": {"detail": "3 requests per minute exceeded (remaining: 0)."}}


async def test_the_client_of_mistral_chats(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("mistral"), "mistral")
    async with Mistral(api_key=ROOT, server_url=site.url) as client:
        answer = await client.chat.complete_async(
            model=model, messages=QUESTION, random_seed=7, safe_prompt=True
        )
        assert answer.choices[0].message.content == ANSWER
        assert (vendors.body["random_seed"], vendors.body["safe_prompt"]) == (7, True)
        called = await client.chat.complete_async(model=model, messages=QUESTION, tools=[TOOL])
        assert called.choices[0].message.tool_calls[0].function.name == "row"
        stream = await client.chat.stream_async(model=model, messages=QUESTION)
        pieces = [event.data async for event in stream]
        texts = [choice.delta.content for piece in pieces for choice in piece.choices]
        assert "".join(text for text in texts if text) == "".join(WORDS)
        assert pieces[-1].usage.prompt_tokens > 0
        with pytest.raises(SDKError) as caught:
            await client.chat.complete_async(model="nothing", messages=QUESTION)
        assert caught.value.status_code == 404
        listed = await client.models.list_async()
        assert model in {each.raw["id"] for each in listed.data}  # its type is none of Mistral's


async def test_calls_side_by_side_never_pass_a_limit(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("vllm"), "vllm", cost_prompt_tokens=1000.0)
    key = await site.user(model, limits={"rpm": 5}, budget=1)
    body = {"model": model, "messages": QUESTION, "max_tokens": 4}
    answers = await asyncio.gather(
        *(site.call("POST", "/chat/completions", body, key=key) for _ in range(12))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 7
    assert len(vendors.asked) == 5
