"""Logprobs, penalties and biases of conversations, against transformers on the same weights."""

import math

import pytest
import torch
from chats import Chats, again, asked
from generation_site import Served, Site
from msgspec.structs import replace

from gateway.serving.chat.results import collect
from model_repository.errors import RefusedInputError
from model_repository.vocabulary import Vocabulary

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

TEXT = "How do I reset the password"
STEPS = 12


def logits(served: Served, tokens: list[int]) -> torch.Tensor:
    """What the original says about the token after these, `[vocabulary]`."""
    with torch.inference_mode():
        last = served.original(torch.tensor([tokens])).logits[0, -1]
    return last.clone()


def prompt(served: Served) -> list[int]:
    return served.tokenizer.encode(f"<s>{TEXT}</s>", add_special_tokens=False).ids


@pytest.mark.parametrize("top", [0, 5])
@pytest.mark.parametrize("sampling", [{"temperature": 0}, {"temperature": 1.7, "seed": 3}])
async def test_logprobs_are_the_models_own(
    chats: Chats, site: Site, top: int, sampling: dict[str, object]
) -> None:
    llama = await site.serve("llama")
    answer = await chats.ask(llama.manifest, TEXT, max_tokens=STEPS, top_logprobs=top, **sampling)
    (choice,) = answer.choices
    assert len(choice.logprobs) == answer.completion_tokens
    assert b"".join(each.chosen.bytes for each in choice.logprobs).decode(errors="replace") == choice.text
    ids = prompt(llama)
    for position in choice.logprobs:
        expected = torch.log_softmax(logits(llama, ids), -1)
        likeliest = expected.topk(max(top, 1))
        assert [each.logprob for each in position.top] == pytest.approx(
            likeliest.values.tolist()[:top], abs=1e-4
        )
        rank = [
            token
            for token in range(len(expected))
            if math.isclose(expected[token].item(), position.chosen.logprob, abs_tol=1e-4)
        ]
        fitting = [token for token in rank if _text(llama, token) == position.chosen.bytes]
        assert len(fitting) == 1
        ids += fitting


async def test_streamed_logprobs_are_those_of_the_whole(chats: Chats, site: Site) -> None:
    llama = await site.serve("llama")
    options = {"temperature": 0, "max_tokens": STEPS, "top_logprobs": 2}
    whole = await chats.ask(llama.manifest, TEXT, **options)
    pieces = await chats.pieces(llama.manifest, asked(TEXT, **options))
    assert await collect(again(pieces)) == whole


async def test_tokens_of_a_stop_text_are_not_told(chats: Chats, site: Site) -> None:
    llama = await site.serve("llama")
    options = {"temperature": 0, "max_tokens": 24, "top_logprobs": 0}
    free = (await chats.ask(llama.manifest, TEXT, **options)).choices[0]
    stop = free.text[len(free.text) // 2 :][:3]
    (choice,) = (await chats.ask(llama.manifest, TEXT, **options, stop=(stop,))).choices
    told = b"".join(each.chosen.bytes for each in choice.logprobs).decode(errors="replace")
    assert told.startswith(choice.text)
    assert len(told) - len(choice.text) < len(choice.logprobs[-1].chosen.token)


async def test_no_logprobs_unless_they_are_asked_for(chats: Chats, site: Site) -> None:
    llama = await site.serve("llama")
    assert (await chats.ask(llama.manifest, TEXT, max_tokens=4)).choices[0].logprobs == ()
    old = replace(llama.manifest, outputs=llama.manifest.outputs[:3])
    with pytest.raises(RefusedInputError, match="logprobs"):
        await chats.ask(old, TEXT, max_tokens=4, top_logprobs=0)


@pytest.mark.parametrize(
    ("presence", "frequency", "bias"),
    [
        (1.5, 0.0, {}),
        (0.0, 1.5, {}),
        (-1.0, 0.5, {}),
        (0.0, 0.0, {70: 100.0}),
        (1.9, 0.7, {70: 4.0, 71: -100.0}),
    ],
)
async def test_penalties_and_biases_are_taken_from_the_logits(
    chats: Chats, site: Site, presence: float, frequency: float, bias: dict[int, float]
) -> None:
    llama = await site.serve("llama")
    answer = await chats.ask(
        llama.manifest,
        TEXT,
        temperature=0,
        max_tokens=STEPS,
        presence_penalty=presence,
        frequency_penalty=frequency,
        logit_bias=bias,
    )
    ids, written = prompt(llama), []
    while len(written) < STEPS:
        scores = logits(llama, ids + written)
        for token in set(written):
            scores[token] -= presence + frequency * written.count(token)
        for token, value in bias.items():
            scores[token] += value
        token = int(scores.argmax())
        if token == llama.manifest.head.eos_ids[0]:
            break
        written.append(token)
    assert answer.choices[0].text == llama.tokenizer.decode(written)
    assert answer.completion_tokens == len(written)


def _text(served: Served, token: int) -> bytes:
    return Vocabulary(served.tokenizer).bytes_of(token)
