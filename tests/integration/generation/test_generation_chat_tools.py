"""Calls of tools by a model of random weights: what it must call it calls, with arguments that fit."""

import json
from dataclasses import replace

import jsonschema_rs
import pytest
from chats import Chats, again, asked
from generation_site import Site
from msgspec import structs

from gateway.serving.chat.errors import InvalidSchemaError
from gateway.serving.chat.messages import (
    Conversation,
    Message,
    NamedTool,
    Role,
    Tool,
    ToolCall,
    ToolMode,
)
from gateway.serving.chat.results import FinishReason, collect
from model_repository.errors import RefusedInputError
from model_repository.manifest import Manifest

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PLACE = {
    "type": "object",
    "properties": {"id": {"enum": [1, 2]}},
    "required": ["id"],
    "additionalProperties": False,
}
WEATHER = Tool(
    "weather",
    "The weather of a place.",
    {
        "type": "object",
        "properties": {"place": {"$ref": "#/$defs/Place"}, "unit": {"enum": ["C", "F"]}},
        "required": ["place", "unit"],
        "additionalProperties": False,
        "$defs": {"Place": PLACE},
    },
)
TIME = Tool("time", "", {"type": "object", "properties": {}, "additionalProperties": False})
TEMPLATES = {
    "hermes": "{% if tools %}<tool_call>{% endif %}",
    "mistral": "{% if tools %}[TOOL_CALLS]{% endif %}",
    "llama": '{% if tools %}"parameters"{% endif %}',
    "none": "",
}


def wanting(choice: ToolMode | NamedTool, **options: object) -> Conversation:
    return replace(asked("How is it?", **options), tools=(WEATHER, TIME), tool_choice=choice)


async def speaking(site: Site, dialect: str) -> Manifest:
    """The tiny model with a template of a dialect, which leaves room for its answer."""
    manifest = (await site.serve("llama")).manifest
    template = "{% for m in messages %}<s>{{ m.content[:40] }}</s>{% endfor %}" + TEMPLATES[dialect]
    return structs.replace(manifest, head=structs.replace(manifest.head, chat_template=template))


async def test_a_template_for_tools_is_for_conversations_with_tools(chats: Chats, site: Site) -> None:
    tools = (await speaking(site, "mistral")).head.chat_template
    manifest = await speaking(site, "none")
    template = "{{ raise_exception('tools') if tools }}" + manifest.head.chat_template
    head = structs.replace(manifest.head, chat_template=template, tool_template=tools)
    manifest = structs.replace(manifest, head=head)
    answer = await chats.answer(manifest, wanting(NamedTool("time"), seed=1))
    assert answer.choices[0].tool_calls
    answer = await chats.answer(manifest, wanting(ToolMode.NONE, seed=1))
    assert not answer.choices[0].tool_calls


@pytest.mark.parametrize("dialect", TEMPLATES)
@pytest.mark.parametrize("choice", [ToolMode.REQUIRED, NamedTool("weather")], ids=["required", "named"])
async def test_a_tool_that_must_be_called_is_called_rightly(
    chats: Chats, site: Site, dialect: str, choice: ToolMode | NamedTool
) -> None:
    manifest = await speaking(site, dialect)
    answer = await chats.answer(manifest, wanting(choice, n=6, seed=1, temperature=1.5))
    ended = [each for each in answer.choices if each.finish_reason is FinishReason.TOOL_CALLS]
    assert ended
    for each in ended:
        (call,) = each.tool_calls
        assert each.text is None
        assert call.name in {"weather", "time"}
        assert choice is ToolMode.REQUIRED or call.name == choice.name
        schema = {"weather": WEATHER, "time": TIME}[call.name].parameters
        jsonschema_rs.validate(schema, json.loads(call.arguments))


async def test_a_streamed_call_is_the_whole_in_parts(chats: Chats, site: Site) -> None:
    llama = await speaking(site, "hermes")
    conversation = wanting(NamedTool("weather"), temperature=0)
    pieces = await chats.pieces(llama, conversation)
    deltas = [delta for piece in pieces for delta in piece.tool_calls]
    assert len(deltas) > 2
    assert [delta.name for delta in deltas if delta.id is not None] == ["weather"]
    (streamed,) = (await collect(again(pieces))).choices
    (whole,) = (await chats.answer(llama, conversation)).choices
    assert streamed.tool_calls[0].arguments == whole.tool_calls[0].arguments
    assert streamed.finish_reason is whole.finish_reason


async def test_a_call_without_room_is_cut_and_says_so(chats: Chats, site: Site) -> None:
    llama = await speaking(site, "hermes")
    conversation = wanting(NamedTool("weather"), temperature=0, max_tokens=30)
    (choice,) = (await chats.answer(llama, conversation)).choices
    assert choice.finish_reason is FinishReason.LENGTH


async def test_a_model_that_may_call_may_also_speak(chats: Chats, site: Site) -> None:
    llama = await speaking(site, "hermes")
    (choice,) = (await chats.answer(llama, wanting(ToolMode.AUTO, temperature=0, max_tokens=8))).choices
    assert choice.text
    assert not choice.tool_calls
    assert choice.finish_reason is FinishReason.LENGTH


async def test_results_of_tools_are_read_by_templates_that_know_none(chats: Chats, site: Site) -> None:
    llama = await site.serve("llama")
    call = ToolCall("abcdefghi", "weather", '{"unit": "C"}')
    turns = (
        Message(Role.USER, "How?"),
        Message(Role.ASSISTANT, None, tool_calls=(call,)),
        Message(Role.TOOL, "12", tool_call_id=call.id),
    )
    conversation = replace(asked("x", max_tokens=2), messages=turns)
    said = (
        '<s>How?</s><s><tool_call>\n{"name": "weather", "arguments": {"unit": "C"}}\n</tool_call></s>'
        "<s><tool_response>\n12\n</tool_response></s>"
    )
    answer = await chats.answer(llama.manifest, conversation)
    assert answer.prompt_tokens == len(llama.tokenizer.encode(said, add_special_tokens=False).ids)


async def test_wishes_that_contradict_are_refused(chats: Chats, site: Site) -> None:
    llama = await speaking(site, "hermes")
    with pytest.raises(RefusedInputError, match="tool_choice"):
        await chats.answer(llama, wanting(NamedTool("missing")))
    both = replace(wanting(ToolMode.AUTO), response_schema={"type": "object"})
    with pytest.raises(RefusedInputError, match="response_format"):
        await chats.answer(llama, both)
    bad = Tool("bad", "", {"type": "objet"})
    with pytest.raises(InvalidSchemaError, match=r"tools\.bad\.parameters"):
        await chats.answer(llama, replace(wanting(ToolMode.REQUIRED), tools=(bad,)))
