"""The official client of OpenAI's API, unmodified, with a model that is elsewhere."""

from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
import pytest_asyncio
from inference_site import ROOT, Site
from vendors import ANSWER, REASONING, WORDS, Vendors

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

QUESTION: Any = [{"role": "user", "content": "How many rows of oars has a trireme?"}]
PARAMETERS: Any = {"type": "object", "properties": {"rows": {"type": "integer"}}}
TOOL: Any = {"type": "function", "function": {"name": "row", "parameters": PARAMETERS}}
FLAT_TOOL: Any = {"type": "function", "name": "row", "parameters": PARAMETERS, "strict": True}


@pytest_asyncio.fixture(loop_scope="session")
async def client(site: Site) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{site.url}/v1", api_key=ROOT, max_retries=0) as each:
        yield each


@pytest_asyncio.fixture(loop_scope="session")
async def model(site: Site, vendors: Vendors) -> str:
    return await site.model(vendors.at("vllm"), "vllm")


async def test_chats_whole_and_streamed(client: openai.AsyncOpenAI, model: str):
    whole = await client.chat.completions.create(model=model, messages=QUESTION)
    assert whole.choices[0].message.content == ANSWER
    assert whole.usage.model_extra["carbon"] == {"kWh": 0.0, "kgCO2eq": 0.0}
    stream = await client.chat.completions.create(model=model, messages=QUESTION, stream=True)
    chunks = [chunk async for chunk in stream]
    assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices) == ANSWER
    assert chunks[-1].usage.model_extra["requests"] == 1


async def test_calls_of_tools_and_what_they_gave(client: openai.AsyncOpenAI, model: str, vendors: Vendors):
    answer = await client.chat.completions.create(model=model, messages=QUESTION, tools=[TOOL])
    message = answer.choices[0].message
    assert message.tool_calls[0].function.name == "row"
    given = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "rowed"}
    await client.chat.completions.create(model=model, messages=[*QUESTION, message, given])
    assert vendors.body["messages"][1]["tool_calls"][0]["function"]["arguments"] == '{"rows": 3}'
    assert vendors.body["messages"][2] == given
    async with client.chat.completions.stream(model=model, messages=QUESTION, tools=[TOOL]) as stream:
        last = await stream.get_final_completion()
    assert last.choices[0].message.tool_calls[0].function.arguments == '{"rows": 3}'


async def test_errors_are_of_the_client_s_own_kinds(
    client: openai.AsyncOpenAI, site: Site, vendors: Vendors, model: str
):
    with pytest.raises(openai.NotFoundError):
        await client.chat.completions.create(model="nothing", messages=QUESTION)
    with pytest.raises(openai.PermissionDeniedError):
        await client.with_options(api_key="sk-wrong").chat.completions.create(model=model, messages=QUESTION)
    vendors.faults["vllm"] = (429, b'{"message": "slow down"}')
    for streamed in (False, True):
        with pytest.raises(openai.RateLimitError):
            await client.chat.completions.create(model=model, messages=QUESTION, stream=streamed)
    broken = await site.model(vendors.at("broken"), "vllm")
    stream = await client.chat.completions.create(model=broken, messages=QUESTION, stream=True)
    with pytest.raises(openai.APIError, match="Model is too busy"):
        [chunk async for chunk in stream]
    responses = await client.responses.create(model=broken, input="Row!", stream=True)
    with pytest.raises(openai.APIError, match="Model is too busy"):
        [event async for event in responses]


async def test_a_response_is_a_chat_in_other_words(client: openai.AsyncOpenAI, model: str, vendors: Vendors):
    response = await client.responses.create(
        model=model,
        input="How many rows?",
        instructions="Be brief.",
        temperature=0.2,
        metadata={"for": "a test"},
        text={"format": {"type": "json_schema", "name": "rows", "schema": PARAMETERS, "strict": True}},
    )
    assert response.output_text == ANSWER
    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert response.output[0].content[0].text == REASONING
    assert (response.status, response.model, response.metadata) == ("completed", model, {"for": "a test"})
    sent = vendors.body
    assert sent["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How many rows?"},
    ]
    schema = {"name": "rows", "schema": PARAMETERS, "strict": True}
    assert sent["response_format"] == {"type": "json_schema", "json_schema": schema}
    assert sent["temperature"] == 0.2
    usage = response.usage
    assert usage.input_tokens + usage.output_tokens == usage.total_tokens > 0
    assert usage.model_extra["model_tokens"]["completion_tokens"] == 17


async def test_a_response_goes_on_from_its_own_items(
    client: openai.AsyncOpenAI, model: str, vendors: Vendors
):
    first = await client.responses.create(
        model=model, input="Row!", tools=[FLAT_TOOL], tool_choice="required"
    )
    (call,) = first.output
    assert (call.type, call.name, call.arguments) == ("function_call", "row", '{"rows": 3}')
    given: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "rowed"}
    parts: Any = [{"type": "input_text", "text": "Row!"}, {"type": "input_image", "image_url": "data:,"}]
    second = await client.responses.create(
        model=model, input=[{"role": "user", "content": parts}, *first.output, given]
    )
    assert second.output_text == ANSWER
    question, called, result = vendors.body["messages"]
    assert [part["type"] for part in question["content"]] == ["text", "image_url"]
    assert called["tool_calls"][0]["id"] == call.call_id == result["tool_call_id"]
    assert result["content"] == "rowed"


async def test_a_streamed_response_is_the_whole_in_events(client: openai.AsyncOpenAI, model: str):
    async with client.responses.stream(model=model, input="How many rows?") as stream:
        events = [event async for event in stream]
        last = await stream.get_final_response()
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert deltas == list(WORDS)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = list(dict.fromkeys(event.type.removeprefix("response.") for event in events))
    assert kinds == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert (last.output_text, last.status) == (ANSWER, "completed")
    assert last.usage.input_tokens > 0
    async with client.responses.stream(model=model, input="Row!", tools=[FLAT_TOOL]) as stream:
        called = await stream.get_final_response()
    assert called.output[0].arguments == '{"rows": 3}'


@pytest.mark.parametrize(
    ("fields", "loc"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"store": True}, "store"),
        ({"background": True}, "background"),
        ({"truncation": "auto"}, "truncation"),
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"input": []}, "input"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input"),
        ({"input": [{"type": "reasoning", "id": "rs_1", "summary": []}]}, "input"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"text": {"format": {"type": "json_schema", "name": "crew"}}}, "text"),
        ({"extra_body": {"conversation": "conv_1"}}, "conversation"),
    ],
)
async def test_what_needs_a_memory_is_refused(client: openai.AsyncOpenAI, model: str, fields: Any, loc: str):
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        await client.responses.create(**{"model": model, "input": "Row!"} | fields)
    assert {problem["loc"][1] for problem in caught.value.response.json()["detail"]} == {loc}


async def test_texts_are_continued_elsewhere(client: openai.AsyncOpenAI, model: str, vendors: Vendors):
    prompts: Any = [["A galley", "A trireme"], [[7, 8], [9]]]
    for prompt in prompts:
        whole = await client.completions.create(model=model, prompt=prompt, best_of=2)
        assert whole.choices[0].text == ANSWER
        assert (vendors.body["prompt"], vendors.body["best_of"]) == (prompt, 2)
        assert whole.usage.completion_tokens > 0
        assert whole.usage.prompt_tokens >= 3
    stream = await client.completions.create(model=model, prompt="A galley", stream=True)
    chunks = [chunk async for chunk in stream]
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == ANSWER
    assert chunks[-1].usage.completion_tokens > 0
    for prompt in ("", [], [[]], [-1], None):
        with pytest.raises(openai.UnprocessableEntityError):
            await client.completions.create(model=model, prompt=prompt)
