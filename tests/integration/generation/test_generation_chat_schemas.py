"""Answers that follow a JSON schema. A model of random weights writes anything that it is let to."""

import json
from dataclasses import replace

import jsonschema_rs
import pytest
from chats import Chats, again, asked
from generation_site import Site

from gateway.serving.chat.errors import InvalidSchemaError
from gateway.serving.chat.results import FinishReason, collect
from model_repository.backends.generation.schemas import is_plain

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PERSON = {
    "type": "object",
    "properties": {
        "ok": {"type": "boolean"},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "kind": {"enum": ["a", 'b " ü', None, 3]},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "minItems": 1, "maxItems": 2},
    },
    "required": ["ok", "age", "kind", "tags"],
    "additionalProperties": False,
    "$defs": {"tag": {"type": "string", "enum": ["x", "y"]}},
}
PLAIN = [
    PERSON,
    {"anyOf": [{"const": {"a": [1]}}, {"type": "integer", "exclusiveMinimum": -9, "maximum": -3}]},
    {"type": ["boolean", "null"]},
]
OTHERS = [
    {"type": "string", "minLength": 2, "maxLength": 4},
    {"type": "string", "pattern": "^[a-c]{2}x$"},
    {"type": "number", "minimum": -1.5, "maximum": 2},
    {"type": "array", "prefixItems": [{"type": "boolean"}, {"type": "null"}], "items": False, "minItems": 2},
]
SPEAKERS = 6


@pytest.mark.parametrize("schema", PLAIN + OTHERS, ids=lambda schema: json.dumps(schema)[:40])
async def test_what_ends_of_itself_satisfies_the_schema(
    chats: Chats, site: Site, schema: dict[str, object]
) -> None:
    llama = await site.serve("llama")
    assert is_plain(json.dumps(schema)) == (schema in PLAIN)
    conversation = replace(asked("As JSON", n=SPEAKERS, seed=5, temperature=1.5), response_schema=schema)
    answer = await chats.answer(llama.manifest, conversation)
    ended = [each.text for each in answer.choices if each.finish_reason is FinishReason.STOP]
    assert ended
    for text in ended:
        jsonschema_rs.validate(schema, json.loads(text))


async def test_a_schema_holds_with_logprobs_and_while_streamed(chats: Chats, site: Site) -> None:
    llama = await site.serve("llama")
    free = asked("As JSON", temperature=0, top_logprobs=2, max_tokens=150)
    conversation = replace(free, response_schema=PERSON)
    pieces = await chats.pieces(llama.manifest, conversation)
    answer = await collect(again(pieces))
    assert answer == await chats.answer(llama.manifest, conversation)
    (choice,) = answer.choices
    assert len(choice.logprobs) == answer.completion_tokens
    if choice.finish_reason is FinishReason.STOP:
        jsonschema_rs.validate(PERSON, json.loads(choice.text))


async def test_an_answer_without_room_is_cut_and_says_so(chats: Chats, site: Site) -> None:
    llama = await site.serve("llama")
    schema = {"const": "a text of more than some tokens, whatever they are"}
    conversation = replace(asked("As JSON", temperature=0, max_tokens=4), response_schema=schema)
    (choice,) = (await chats.answer(llama.manifest, conversation)).choices
    assert choice.finish_reason is FinishReason.LENGTH
    assert json.dumps(schema["const"]).startswith(choice.text)


@pytest.mark.parametrize(
    ("schema", "cause"),
    [
        ({"type": "strin"}, "strin"),
        ({"type": "string", "pattern": "(["}, "unclosed"),
        ({"$ref": "#/$defs/missing"}, "missing"),
        ({"type": "array", "uniqueItems": True}, "uniqueItems"),
    ],
)
async def test_schemas_that_nothing_can_follow_are_refused_with_the_cause(
    chats: Chats, site: Site, schema: dict[str, object], cause: str
) -> None:
    llama = await site.serve("llama")
    with pytest.raises(InvalidSchemaError, match=cause):
        await chats.answer(llama.manifest, replace(asked("As JSON"), response_schema=schema))
