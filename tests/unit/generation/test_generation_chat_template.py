"""Conversations to text by templates that come with models, good and bad."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.serving.chat import sandbox
from gateway.serving.chat.errors import ConversationRefusedError
from gateway.serving.chat.options import RANGES, ChatOptions
from gateway.serving.chat.template import ChatTemplate
from model_repository.errors import RefusedInputError

CHATML = (
    "{{ bos_token }}{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
HELLO = [{"role": "user", "content": "Hello"}]


def test_a_conversation_ends_where_the_assistant_begins() -> None:
    template = ChatTemplate(CHATML, {"bos_token": "<s>"})
    rendered = template.render([{"role": "system", "content": "Be brief."}, *HELLO], ())
    assert rendered == (
        "<s><|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    )
    assert not template.takes_tools


def test_tools_reach_templates_that_name_them() -> None:
    template = ChatTemplate("{% if tools %}{{ tools | tojson }}{% endif %}", {})
    assert template.takes_tools
    assert template.render(HELLO, [{"name": "<é>"}]) == '[{"name": "<é>"}]'
    assert template.render(HELLO, ()) == ""


def test_what_transformers_gives_to_templates_is_there() -> None:
    source = (
        "{% generation %}{{ messages[0].content }}{% endgeneration %}"
        "{% for each in messages %}{% break %}{% endfor %}{{ strftime_now('%Y') | length }}"
    )
    assert ChatTemplate(source, {}).render(HELLO, ()) == "Hello4"


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("{{ raise_exception('no system role') }}", "no system role"),
        ("{{ messages[0]['content'] + none }}", "TypeError"),
        ("{{ messages.missing.more }}", "no attribute 'missing'"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ messages.append(1) }}", "unsafe"),
        ("{% for each in range(10000000) %}{% endfor %}", "Range too big"),
        ("{{ 'x' * 5000000 }}", "more than 4194304 characters"),
        ("{{ 5000000 * [1] }}", "more than 4194304 characters"),
        ("{{ 9 ** 9999999 }}", "more than 4194304 characters"),
        ("{% set line = 'x' * 4000 %}{% for each in range(2000) %}{{ line }}{% endfor %}", "they make more"),
    ],
)
def test_templates_that_refuse_or_fail_say_why(source: str, cause: str) -> None:
    with pytest.raises(ConversationRefusedError, match=cause):
        ChatTemplate(source, {}).render(HELLO, ())


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in 'x' * 99999 %}{% for b in 'x' * 99999 if false %}{% endfor %}{% endfor %}",
        "{% macro f(n) %}{% if n %}{% set x = f(n - 1) ~ f(n - 1) %}{% endif %}{% endmacro %}{{ f(99) }}",
        "{% for a in [[1]] * 50 recursive %}{{ loop([[1]] * 50) if loop.depth < 20 }}{% endfor %}",
    ],
)
def test_no_template_works_for_ever(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 0.02)
    with pytest.raises(ConversationRefusedError, match=r"works for more than 0 seconds"):
        ChatTemplate(source, {}).render(HELLO, ())
    monkeypatch.undo()
    assert ChatTemplate(CHATML, {"bos_token": "<s>"}).render(HELLO, ())


def test_loops_know_where_they_are() -> None:
    source = (
        "{% for m in messages %}{{ loop.index }}/{{ loop.length }}{{ ' ' if not loop.last }}"
        "{{ loop.previtem.content ~ m.content if loop.previtem }}{% endfor %}{{ 2 ** 3 * 2 }}{{ '-' * 3 }}"
    )
    assert ChatTemplate(source, {}).render([*HELLO, *HELLO], ()) == "1/2 2/2HelloHello16---"


def test_a_broken_template_names_its_line() -> None:
    with pytest.raises(ConversationRefusedError, match="line 2"):
        ChatTemplate("\n{% if %}", {})


@pytest.mark.parametrize("name", RANGES)
def test_options_out_of_range_are_refused_by_name(name: str) -> None:
    least, most = RANGES[name]
    for value in (least - 1, most + 1, float("nan")):
        with pytest.raises(RefusedInputError, match=name):
            ChatOptions(**{name: value})


@pytest.mark.parametrize(
    "wrong",
    [
        {"stop": ("",)},
        {"stop": ("a",) * 5},
        {"logit_bias": {1: 101}},
        {"logit_bias": {-1: 1}},
        {"min_tokens": 2, "max_tokens": 1},
    ],
)
def test_options_that_nobody_can_follow_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RefusedInputError, match=next(iter(wrong))):
        ChatOptions(**wrong)


@given(st.lists(st.text()))
def test_texts_of_messages_are_never_read_as_template(texts: list[str]) -> None:
    template = ChatTemplate("{% for message in messages %}{{ message['content'] }}{% endfor %}", {})
    assert template.render([{"content": text} for text in texts], ()) == "".join(texts)
