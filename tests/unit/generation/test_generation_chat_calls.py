"""Calls read out of answers, however the answers are cut into pieces."""

import json
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.serving.chat.calls import CallReader
from gateway.serving.chat.dialects import HERMES, LLAMA, MISTRAL, Dialect, dialect_of

ARGUMENTS = '{"city": "Köln }\\" {", "days": [1, {"a": null}]}'
CALL = f'{{"name": "weather", "arguments": {ARGUMENTS}}}'
SECOND = '{"name": "time", "arguments": {}}'

ANSWERS: list[tuple[Dialect, str, str, list[tuple[str, str]]]] = [
    (HERMES, "Just text, 1 < 2 <tool", "Just text, 1 < 2 <tool", []),
    (HERMES, f"<tool_call>\n{CALL}\n</tool_call>", "", [("weather", ARGUMENTS)]),
    (HERMES, f"Let me see.\n<tool_call>{CALL}</tool_call>\n", "Let me see.", [("weather", ARGUMENTS)]),
    (
        HERMES,
        f"<tool_call>\n{CALL}\n</tool_call>\n<tool_call>\n{SECOND}\n</tool_call>",
        "",
        [("weather", ARGUMENTS), ("time", "{}")],
    ),
    (HERMES, f"<tool_call>{CALL}", "", [("weather", ARGUMENTS)]),
    (HERMES, f"<tool_call>{CALL[:50]}", "", [("weather", ARGUMENTS[:17])]),
    (HERMES, "<tool_call>nonsense</tool_call> then", "<tool_call>nonsense</tool_call> then", []),
    (HERMES, "<tool_call>nonsense", "<tool_call>nonsense", []),
    (HERMES, '<tool_call>{"arguments": {"a": 1}, "name": "f"}</tool_call>', "", [("f", '{"a": 1}')]),
    (HERMES, '<tool_call>{"name": "f"}</tool_call>', "", [("f", "{}")]),
    (HERMES, '<tool_call>{"name": "f", "arguments": 3}</tool_call>', None, []),
    (MISTRAL, f"[TOOL_CALLS][{CALL}, {SECOND}]", "", [("weather", ARGUMENTS), ("time", "{}")]),
    (MISTRAL, f"Well. [TOOL_CALLS] [{CALL}]", "Well.", [("weather", ARGUMENTS)]),
    (MISTRAL, f"[TOOL_CALLS]weather[ARGS]{ARGUMENTS}", "", [("weather", ARGUMENTS)]),
    (
        MISTRAL,
        f"Two. [TOOL_CALLS]weather[CALL_ID]a1b2c3d4e[ARGS]{ARGUMENTS}[TOOL_CALLS]time[ARGS]{{}}",
        "Two.",
        [("weather", ARGUMENTS), ("time", "{}")],
    ),
    (MISTRAL, "[TOOL_CALLS]weather[ARGS]none", "[TOOL_CALLS]weather[ARGS]none", []),
    (HERMES, "<tool_call>f[ARGS]{}</tool_call>", "<tool_call>f[ARGS]{}</tool_call>", []),
    (LLAMA, '{"name": "f", "parameters": {"a": 1}}', "", [("f", '{"a": 1}')]),
    (LLAMA, '<|python_tag|>{"name": "f", "parameters": {"a": 1}}', "", [("f", '{"a": 1}')]),
    (LLAMA, ' {"answer": 42}', '{"answer": 42}', []),
    (LLAMA, 'Use {"name": "f", "parameters": {}}', 'Use {"name": "f", "parameters": {}}', []),
    (LLAMA, "<|python", "<|python", []),
]


def read(
    dialect: Dialect, pieces: Sequence[str], *, inside: bool = False, parallel: bool = True
) -> tuple[str, list[tuple[str, str]]]:
    reader = CallReader(dialect, inside=inside, parallel=parallel)
    text, calls = "", []
    for position, piece in enumerate(pieces):
        shown, deltas = reader.feed(piece, final=position == len(pieces) - 1)
        text += shown
        for delta in deltas:
            if delta.id is not None:
                assert delta.index == len(calls)
                calls.append([delta.name, ""])
            calls[delta.index][1] += delta.arguments
    return text, [(name, arguments) for name, arguments in calls]


@pytest.mark.parametrize(("dialect", "answer", "text", "calls"), ANSWERS)
def test_calls_are_read_and_all_else_is_text(
    dialect: Dialect, answer: str, text: str | None, calls: list[tuple[str, str]]
) -> None:
    assert read(dialect, [answer]) == (answer if text is None else text, calls)


@given(st.sampled_from(ANSWERS), st.lists(st.integers(0, 120), max_size=12), st.booleans())
def test_any_splitting_reads_the_same(
    case: tuple[Dialect, str, str, list[tuple[str, str]]], cuts: list[int], parallel: bool
) -> None:
    dialect, answer, *_ = case
    edges = [0, *sorted(min(cut, len(answer)) for cut in cuts), len(answer)]
    pieces = [answer[start:end] for start, end in pairwise(edges)]
    assert read(dialect, pieces, parallel=parallel) == read(dialect, [answer], parallel=parallel)


@given(st.text(alphabet='<tool_call>/{}[]" \n\\name:argumentsARGS', max_size=80), st.integers(1, 5))
def test_any_text_reads_the_same_in_any_steps(answer: str, step: int) -> None:
    pieces = [answer[at : at + step] for at in range(0, len(answer), step)] or [""]
    for dialect in (HERMES, MISTRAL, LLAMA):
        assert read(dialect, pieces) == read(dialect, [answer])


@given(st.dictionaries(st.text(), st.text() | st.none() | st.lists(st.integers())))
def test_arguments_come_through_as_they_were_written(arguments: dict[str, object]) -> None:
    written = json.dumps(arguments, ensure_ascii=False)
    answer = f'{{"name": "f", "arguments": {written}}}'
    assert read(HERMES, list(answer), inside=True) == ("", [("f", written)])


def test_only_the_first_call_counts_where_one_is_wanted() -> None:
    answer = f"<tool_call>{SECOND}</tool_call><tool_call>{CALL}</tool_call>"
    assert read(HERMES, [answer], parallel=False) == ("", [("time", "{}")])


@pytest.mark.parametrize(
    ("template", "dialect"),
    [
        ("{{ messages }}", HERMES),
        ("<tool_call>", HERMES),
        ("[TOOL_CALLS]", MISTRAL),
        ('{"name": function name, "parameters": dictionary}', LLAMA),
    ],
)
def test_templates_show_their_dialect(template: str, dialect: Dialect) -> None:
    assert dialect_of(template) is dialect
