"""Conversations through the real Triton: what transformers would answer, cut and counted as asked."""

from contextlib import aclosing

import pytest
from chats import Chats, again, asked
from generation_site import Served, Site
from msgspec.structs import replace

from gateway.serving.chat.errors import ConversationRefusedError, NoChatTemplateError
from gateway.serving.chat.results import FinishReason, collect
from gateway.serving.errors import InputTooLongError

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

TEXT = "How do I reset the password"
STEPS = 24


def prompt(served: Served) -> list[int]:
    """The conversation as the tiny models' template has it."""
    return served.tokenizer.encode(f"<s>{TEXT}</s>", add_special_tokens=False).ids


async def test_an_answer_is_what_transformers_generates_from_the_rendered_text(
    chats: Chats, site: Site
) -> None:
    llama = await site.serve("llama")
    answer = await chats.ask(llama.manifest, TEXT, temperature=0, max_tokens=STEPS)
    (expected,) = llama.generate(prompt(llama), max_new_tokens=STEPS)
    (choice,) = answer.choices
    assert choice.text == llama.tokenizer.decode(expected)
    assert choice.finish_reason is (FinishReason.LENGTH if len(expected) == STEPS else FinishReason.STOP)
    assert answer.prompt_tokens == len(prompt(llama))
    assert answer.completion_tokens == len(expected)


async def test_a_stream_is_the_whole_in_pieces(chats: Chats, site: Site) -> None:
    llama = await site.serve("llama")
    options = {"seed": 3, "n": 2, "max_tokens": STEPS}
    whole = await chats.ask(llama.manifest, TEXT, **options)
    pieces = await chats.pieces(llama.manifest, asked(TEXT, **options))
    assert len(pieces) > len(whole.choices)
    assert await collect(again(pieces)) == whole
    assert whole.choices[0] != whole.choices[1]


async def test_several_choices_without_chance_are_the_same(chats: Chats, site: Site) -> None:
    llama = await site.serve("llama")
    answer = await chats.ask(llama.manifest, TEXT, temperature=0, n=3, max_tokens=8)
    assert len(answer.choices) == 3
    assert len(set(answer.choices)) == 1


async def test_a_stop_text_ends_the_answer_and_is_no_part_of_it(chats: Chats, site: Site) -> None:
    llama = await site.serve("llama")
    free = (await chats.ask(llama.manifest, TEXT, temperature=0, max_tokens=STEPS)).choices[0].text
    assert free
    stop = free[len(free) // 2 :][:3]
    (choice,) = (await chats.ask(llama.manifest, TEXT, temperature=0, max_tokens=STEPS, stop=(stop,))).choices
    assert choice.text == free[: free.index(stop)]
    assert choice.finish_reason is FinishReason.STOP


async def test_without_a_limit_an_answer_may_fill_the_model(chats: Chats, site: Site) -> None:
    llama = await site.serve("llama")
    answer = await chats.ask(llama.manifest, TEXT, temperature=0, min_tokens=200)
    length = answer.prompt_tokens + answer.completion_tokens
    assert answer.completion_tokens >= 200
    assert length == 256 or answer.choices[0].finish_reason is FinishReason.STOP


async def test_what_does_not_fit_is_refused_with_the_figures(chats: Chats, site: Site) -> None:
    llama = await site.serve("llama")
    with pytest.raises(InputTooLongError, match="holds 256 tokens"):
        await chats.ask(llama.manifest, TEXT, max_tokens=256)
    with pytest.raises(InputTooLongError, match="holds 256 tokens"):
        await chats.ask(llama.manifest, "word " * 400)


async def test_models_without_a_template_or_with_a_bad_one_say_so(chats: Chats, site: Site) -> None:
    gpt2 = await site.serve("gpt2")
    with pytest.raises(NoChatTemplateError):
        await chats.ask(gpt2.manifest, TEXT)
    head = replace(gpt2.manifest.head, chat_template="{{ raise_exception('only pirates') }}")
    with pytest.raises(ConversationRefusedError, match="only pirates"):
        await chats.ask(replace(gpt2.manifest, head=head), TEXT)


async def test_the_template_may_name_the_tokenizers_special_tokens(chats: Chats, site: Site) -> None:
    llama = await site.serve("llama")
    assert llama.manifest.head.special_tokens["bos_token"] == "<s>"
    head = replace(llama.manifest.head, chat_template="{{ bos_token }}{{ messages[0]['content'] }}")
    answer = await chats.ask(replace(llama.manifest, head=head), TEXT, temperature=0, max_tokens=1)
    assert answer.prompt_tokens == len(prompt(llama)) - 1


async def test_who_leaves_a_stream_ends_it(chats: Chats, site: Site) -> None:
    llama = await site.serve("llama")
    provider = await chats.provider(llama.manifest)
    async with aclosing(chats.task.stream(provider, asked(TEXT, n=16, min_tokens=200))) as pieces:
        await anext(pieces)
    answer = await chats.ask(llama.manifest, TEXT, temperature=0, max_tokens=4)
    assert answer.completion_tokens
