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


async def test_a_chat_may_ask_for_more_than_any_budget_holds(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("vllm"), "vllm", cost_completion_tokens=15.0)
    key = await site.user(model, budget=10)
    answer = await ask(site, model, key, max_tokens=10**400)
    rest = (await site.call("GET", "/me/info", key=key)).json()["budget"]
    assert rest == pytest.approx(10 - answer["usage"]["cost"])


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


TOOL = {"type": "function", "function": {"name": "row", "parameters": {"type": "object", "properties": {}}}}


async def test_each_kind_of_upstream_gets_a_chat_in_its_own_way(site: Site, vendors: Vendors):
    fields = {"seed": 7, "max_completion_tokens": 9, "safe_prompt": True, "min_p": 0.1, "user": "a"}
    albert = await site.model(vendors.at("albert"), "albert")
    await ask(site, albert, tools=[TOOL], **fields)
    assert vendors.body["tool_choice"] == "auto"
    assert vendors.body["tools"] == [TOOL]
    assert {name: vendors.body[name] for name in fields} == fields
    openai = await site.model(vendors.at("openai"), "openai")
    await ask(site, openai, **fields)
    assert None not in vendors.body.values()
    assert {"tools", "tool_choice", "parallel_tool_calls"}.isdisjoint(vendors.body)
    await ask(site, openai, tools=[TOOL], tool_choice="required")
    assert vendors.body["tool_choice"] == "required"
    mistral = await site.model(vendors.at("mistral"), "mistral")
    await ask(site, mistral, **fields)
    assert {"seed", "max_completion_tokens", "min_p", "user"}.isdisjoint(vendors.body)
    assert (vendors.body["random_seed"], vendors.body["max_tokens"], vendors.body["safe_prompt"]) == (
        7,
        9,
        True,
    )
    odd = {"model": mistral, "messages": [{"role": "developer", "content": "Row!"}]}
    answer = await site.call("POST", "/chat/completions", odd)
    assert (answer.status_code, "developer" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("fields", "loc"),
    [
        ({"messages": []}, ["body", "messages"]),
        ({"messages": "Hello"}, ["body", "messages"]),
        ({"messages": None}, ["body", "messages"]),
        ({"stream": "yes"}, ["body", "stream"]),
        ({"temperature": "hot"}, ["body", "temperature"]),
        ({"n": 1.5}, ["body", "n"]),
        ({"tools": [{"type": "search", "method": "magic"}]}, ["body", "tools", 0, "search", "method"]),
        ({"tools": [{"type": "search", "limit": 0}]}, ["body", "tools", 0, "search", "limit"]),
        ({"tools": [{"type": "search", "limit": 101}]}, ["body", "tools", 0, "search", "limit"]),
        (
            {"tools": [{"type": "search", "method": "lexical", "score_threshold": 0.5}]},
            ["body", "tools", 0, "search"],
        ),
        ({"tools": ["search"]}, ["body", "tools", 0, "other"]),
        ({"search": True}, ["body"]),
        ({"search": True, "search_args": {"rff_k": -1}}, ["body", "search_args", "rff_k"]),
    ],
)
async def test_broken_bodies_name_what_is_wrong(site: Site, vendors: Vendors, fields: Any, loc: list[Any]):
    model = await site.model(vendors.at("vllm"), "vllm")
    answer = await site.call("POST", "/chat/completions", {"model": model, "messages": QUESTION} | fields)
    assert answer.status_code == 422
    assert [problem["loc"] for problem in answer.json()["detail"]] == [loc]
    assert vendors.asked == []


async def test_a_search_finds_no_collections(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("vllm"), "vllm")
    for search, status in (
        ({"tools": [{"type": "search", "collections": [3]}]}, 404),
        ({"search": True, "search_args": {"collection_ids": [3]}}, 404),
        ({"tools": [{"type": "search"}]}, 403),
    ):
        answer = await site.call(
            "POST", "/chat/completions", {"model": model, "messages": QUESTION, **search}
        )
        assert answer.status_code == status
        if status == 404:
            assert answer.json() == {"detail": "Collection 3 not found."}
    silent = [{"role": "user", "content": ""}]
    await ask(site, model, messages=silent, tools=[{"type": "search"}, TOOL])
    assert vendors.body["tools"] == [TOOL]


async def test_limits_and_budgets_hold(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("vllm"), "vllm", cost_prompt_tokens=1.0)
    once = await site.user(model, limits={"rpm": 1})
    poor = await site.user(model, budget=0)
    await ask(site, model, once)
    body = {"model": model, "messages": QUESTION}
    refused = await site.call("POST", "/chat/completions", body, key=once)
    assert (refused.status_code, refused.json()["detail"]) == (
        429,
        "1 requests per minute exceeded (remaining: 0).",
    )
    assert int(refused.headers["retry-after"]) > 0
    broke = await site.call("POST", "/chat/completions", body, key=poor)
    assert (broke.status_code, broke.json()) == (400, {"detail": "Insufficient budget."})
