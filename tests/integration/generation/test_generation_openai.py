"""The official client of OpenAI's API, unmodified, with a model on the real Triton."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest
import pytest_asyncio
from generation_site import Served, Site

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

QUESTION: Any = [{"role": "user", "content": "How do I reset the password"}]
COMMON: Any = {"model": "llama", "messages": QUESTION, "temperature": 0, "max_completion_tokens": 24}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(http: httpx.AsyncClient) -> AsyncIterator[openai.AsyncOpenAI]:
    key = http.headers["x-api-key"]
    async with openai.AsyncOpenAI(base_url=f"{http.base_url}/v1", api_key=key, max_retries=0) as each:
        yield each


async def test_a_chat_says_what_the_original_would_say(client: openai.AsyncOpenAI, site: Site):
    llama = await site.serve("llama")
    prompt = llama.tokenizer.encode(f"<s>{QUESTION[0]['content']}</s>", add_special_tokens=False).ids
    (expected,) = llama.generate(prompt, max_new_tokens=24)
    answer = await client.chat.completions.create(**COMMON)
    (choice,) = answer.choices
    assert choice.message.content == llama.tokenizer.decode(expected)
    assert choice.finish_reason == ("length" if len(expected) == 24 else "stop")
    assert (answer.model, answer.object) == ("llama", "chat.completion")
    tokens = answer.usage.model_extra["model_tokens"]
    assert (tokens["prompt_tokens"], tokens["completion_tokens"]) == (len(prompt), len(expected))
    assert answer.usage.model_extra["requests"] == 1


async def test_a_stream_is_the_whole_in_pieces(client: openai.AsyncOpenAI):
    whole = await client.chat.completions.create(**COMMON, seed=3, n=2)
    texts, reasons, usages = ["", ""], [None, None], []
    async for chunk in await client.chat.completions.create(**COMMON, seed=3, n=2, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            reasons[choice.index] = choice.finish_reason or reasons[choice.index]
        if chunk.usage:
            usages.append(chunk.usage)
    assert texts == [choice.message.content for choice in whole.choices]
    assert reasons == [choice.finish_reason for choice in whole.choices]
    (usage,) = usages
    assert usage.model_extra["model_tokens"] == whole.usage.model_extra["model_tokens"]
    assert usage.prompt_tokens == whole.usage.prompt_tokens


@pytest.mark.parametrize(
    ("fields", "loc"),
    [
        ({"extra_body": {"min_p": 0.1}}, ["body", "min_p"]),
        ({"top_logprobs": 2}, ["body"]),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}
                ]
            },
            None,
        ),
        ({"messages": [{"role": "assistant"}]}, ["body", "messages", 0]),
        ({"messages": [{"role": "oarsman", "content": "Row!"}]}, ["body", "messages", 0, "role"]),
        ({"response_format": {"type": "poem"}}, ["body", "response_format"]),
        ({"tool_choice": "required"}, ["body"]),
    ],
)
async def test_what_a_model_here_cannot_heed_is_refused_by_name(
    client: openai.AsyncOpenAI, fields: Any, loc: list[Any] | None
):
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        await client.chat.completions.create(**COMMON | fields)
    problems = caught.value.response.json()["detail"]
    assert loc is None or loc in [problem["loc"] for problem in problems]


async def test_numbers_out_of_range_and_models_without_conversations_are_refused(client: openai.AsyncOpenAI):
    refusals: Any = (
        ({"temperature": -1}, 400, "`temperature` must be from 0 to 100, not -1"),
        ({"n": 0}, 400, "`n` must be from 1 to 16, not 0"),
        ({"n": 10**400}, 400, f"`n` must be from 1 to 16, not {10**400}"),
        ({"seed": 2**63}, 400, f"`seed` must be from {-(2**63)} to {2**63 - 1}, not {2**63}"),
        ({"extra_body": {"top_k": 2**31}}, 400, f"`top_k` must be from 0 to {2**31 - 1}, not {2**31}"),
        ({"model": "t5"}, 400, "model t5 has no chat template"),
        ({"model": "nothing", "stream": True}, 404, "Model not found."),
    )
    for fields, status, detail in refusals:
        with pytest.raises(openai.APIStatusError) as caught:
            await client.chat.completions.create(**COMMON | fields)
        assert (caught.value.status_code, caught.value.response.json()) == (status, {"detail": detail})


async def test_a_bias_names_tokens_that_there_are(client: openai.AsyncOpenAI, site: Site):
    tokens = (await site.serve("llama")).original.config.vocab_size
    for unknown in (tokens, 10**30):
        with pytest.raises(openai.BadRequestError) as caught:
            await client.chat.completions.create(**COMMON, logit_bias={str(unknown): 1})
        detail = f"`logit_bias` names tokens that the model does not know: they are 0 to {tokens - 1}"
        assert caught.value.response.json() == {"detail": detail}
    assert await client.chat.completions.create(**COMMON, logit_bias={str(tokens - 1): 1})


async def test_the_narrowest_share_is_one_token(client: openai.AsyncOpenAI):
    likeliest, drawn = [
        await client.chat.completions.create(**COMMON | {"temperature": temperature}, top_p=1e-300)
        for temperature in (0, 1)
    ]
    assert drawn.choices[0].message == likeliest.choices[0].message


async def test_null_is_as_good_as_not_given(client: openai.AsyncOpenAI):
    nothing: Any = {"reasoning_effort": None, "functions": None, "min_p": None, "tools": None, "n": None}
    assert await client.chat.completions.create(**COMMON, extra_body=nothing)
    unset: Any = {"suffix": None, "best_of": None, "logprobs": None, "max_tokens": 4}
    assert await client.completions.create(model="llama", prompt="The", **unset)
    absent: Any = {"conversation": None, "prompt": None, "max_tool_calls": None, "top_logprobs": None}
    assert await client.responses.create(model="llama", input="The", max_output_tokens=4, **absent)


@pytest.mark.parametrize(
    ("fields", "loc"),
    [
        ({"max_output_tokens": 0}, ["body", "max_output_tokens"]),
        ({"max_output_tokens": 2**31}, ["body", "max_output_tokens"]),
        ({"reasoning": {"effort": "low"}}, ["body", "reasoning", "effort"]),
        ({"text": {"format": {"type": "json_schema"}}}, ["body", "text", "format", "json_schema", "name"]),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:"}]}]},
            ["body", "input"],
        ),
    ],
)
async def test_what_a_model_here_cannot_heed_of_a_response_is_called_as_there(
    client: openai.AsyncOpenAI, fields: Any, loc: list[Any]
):
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        await client.responses.create(**{"model": "llama", "input": "Row!"} | fields)
    assert loc in [problem["loc"] for problem in caught.value.response.json()["detail"]]


async def test_texts_are_continued_as_they_stand(client: openai.AsyncOpenAI, site: Site):
    llama = await site.serve("llama")
    texts = ["How do I reset the password", "The"]
    common: Any = {"model": "llama", "temperature": 0, "max_tokens": 8}
    whole = await client.completions.create(prompt=texts, echo=True, **common)
    for text, choice in zip(texts, whole.choices, strict=True):
        prompt = llama.tokenizer.encode(text).ids
        (expected,) = llama.generate(prompt, max_new_tokens=8)
        assert choice.text == text + continued(llama, prompt, expected)
    assert whole.usage.model_extra["model_tokens"]["completion_tokens"] > 8
    assert whole.usage.completion_tokens > 0
    stream = await client.completions.create(prompt=texts[0], echo=True, stream=True, **common)
    chunks = [chunk async for chunk in stream]
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == whole.choices[0].text
    assert chunks[-1].usage.model_extra["requests"] == 1
    (favourite,) = llama.tokenizer.encode("password").ids[:1]
    biased = await client.completions.create(
        **{**common, "max_tokens": 3}, prompt="The", logit_bias={str(favourite): 100}
    )
    assert biased.choices[0].text == continued(llama, llama.tokenizer.encode("The").ids, [favourite] * 3)
    refusals: Any = (
        ({"suffix": "."}, 422),
        ({"prompt": [1, 2]}, 422),
        ({"prompt": ["The"] * 129}, 422),
        ({"n": 99}, 400),
    )
    for fields, status in refusals:
        with pytest.raises(openai.APIStatusError) as caught:
            await client.completions.create(**{**common, "prompt": "The", **fields})
        assert caught.value.status_code == status


def continued(served: Served, prompt: list[int], new: list[int]) -> str:
    """Text of new tokens behind a prompt."""
    decode = served.tokenizer.decode
    return decode(prompt + new)[len(decode(prompt)) :]


async def test_a_response_is_answered_by_a_model_here(client: openai.AsyncOpenAI):
    asked: Any = {"model": "llama", "input": QUESTION[0]["content"], "temperature": 0}
    response = await client.responses.create(**asked, max_output_tokens=24)
    chat = await client.chat.completions.create(**COMMON)
    assert response.output_text == chat.choices[0].message.content
    cut = chat.choices[0].finish_reason == "length"
    assert response.status == ("incomplete" if cut else "completed")
    assert response.usage.model_extra["model_tokens"] == chat.usage.model_extra["model_tokens"]
    stream = await client.responses.create(**asked, max_output_tokens=24, stream=True)
    *_, last = [event async for event in stream]
    assert last.type == f"response.{response.status}"
    assert last.response.output_text == response.output_text
