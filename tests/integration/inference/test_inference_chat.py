"""Chats that others' APIs answer: what they are asked, what callers get, what it costs."""

import json
from typing import Any

import pytest
from inference_site import Site
from vendors import ANSWER, REASONING, SECRET, Vendors

from gateway.serving.metering.tokens import load_encoding

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

QUESTION = [{"role": "user", "content": "How many rows of oars has a trireme?"}]
COUNT = load_encoding("tiktoken_gpt2").encode_ordinary


async def ask(site: Site, model: str, key: str | None = None, **fields: Any) -> Any:
    answer = await site.call(
        "POST",
        "/chat/completions",
        {"model": model, "messages": QUESTION, **fields},
        **({"key": key} if key else {}),
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_chat_is_passed_on_and_counted(site: Site, vendors: Vendors):
    prices = {"cost_prompt_tokens": 3.0, "cost_completion_tokens": 15.0}
    model = await site.model(vendors.at("vllm"), "vllm", aliases=["oars"], **prices)
    key = await site.user(model, budget=10)
    answer = await ask(site, "oars", key, n=2, top_k=5, metadata={"for": "a test"})
    ((authorization, sent),) = vendors.asked
    assert authorization == f"Bearer {SECRET}"
    assert sent["model"] == "real-name"
    assert sent["messages"] == QUESTION
    assert (sent["top_k"], sent["metadata"]) == (5, {"for": "a test"})
    assert (sent["temperature"], sent["top_p"], sent["stop"], sent["tool_choice"]) == (0.7, 1, [], "none")
    assert "search" not in sent
    assert (answer["model"], answer["id"], answer["vendor_extra"]) == ("oars", "chatcmpl-vendor", "kept")
    usage = answer["usage"]
    read, written = len(COUNT(QUESTION[0]["content"])), 2 * len(COUNT(f"{ANSWER}\n{REASONING}"))
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (read, written)
    assert usage["cost"] == round(read / 1e6 * 3 + written / 1e6 * 15, 6)
    assert usage["model_tokens"] == {"prompt_tokens": 31, "completion_tokens": 17, "total_tokens": 48}
    assert usage["requests"] == 1
    rest = (await site.call("GET", "/me/info", key=key)).json()["budget"]
    assert rest == pytest.approx(10 - usage["cost"])


async def test_names_are_looked_up_before_the_rest_is_read(site: Site, vendors: Vendors):
    chats = await site.model(vendors.at("vllm"), "vllm")
    vectors = await site.model(vendors.at("tei"), "tei", "text-classification")
    empty = "model-without-provider"
    await site.made("/admin/routers", {"name": empty, "type": "text-generation"})
    stranger = await site.user()
    for model, key, body, status, detail in (
        ("nothing", stranger, {}, 404, "Model not found."),
        (empty, stranger, {}, 404, "Model not found."),
        (chats, stranger, {"messages": 1}, 404, "Model not found."),
        (vectors, await site.user(vectors), {"messages": QUESTION}, 422, "Wrong model type."),
        (
            chats,
            await site.user(chats, limits={"tpd": 0}),
            {},
            403,
            "Insufficient permissions to access the model.",
        ),
    ):
        answer = await site.call("POST", "/chat/completions", {"model": model, **body}, key=key)
        assert (answer.status_code, answer.json()) == (status, {"detail": detail})
    assert vendors.asked == []


@pytest.mark.parametrize(
    ("status", "said", "detail"),
    [
        (400, {"message": "too long"}, "too long"),
        (422, {"message": "[{'loc': ['body']}]"}, [{"loc": ["body"]}]),
        (404, {"error": {"message": "no such model"}}, {"error": {"message": "no such model"}}),
        (429, {"message": "slow down"}, "slow down"),
        (500, "oops", "oops"),
    ],
)
async def test_refusals_of_upstreams_keep_status_and_words(
    site: Site, vendors: Vendors, status: int, said: Any, detail: Any
):
    body = said if isinstance(said, str) else json.dumps(said)
    vendors.faults["vllm"] = (status, body.encode())
    model = await site.model(vendors.at("vllm"), "vllm")
    answer = await site.call("POST", "/chat/completions", {"model": model, "messages": QUESTION})
    assert (answer.status_code, answer.json()) == (status, {"detail": detail})


async def test_an_upstream_that_answers_with_a_page_is_a_bad_gateway(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("vllm"), "vllm")
    for said in (b"<html>", b"[1]"):
        vendors.faults["vllm"] = (200, said)
        answer = await site.call("POST", "/chat/completions", {"model": model, "messages": QUESTION})
        assert answer.status_code == 502
        assert "detail" in answer.json()
