"""What templates are given: tools and calls where they know them, words where they do not."""

import json

import pytest

from gateway.serving.chat.dialects import HERMES, LLAMA
from gateway.serving.chat.errors import InvalidSchemaError
from gateway.serving.chat.messages import Conversation, Message, Role, Tool, ToolCall
from gateway.serving.chat.options import ChatOptions
from gateway.serving.chat.prompt import render
from gateway.serving.chat.schemas import call_schema, checked
from gateway.serving.chat.template import ChatTemplate
from model_repository.errors import RefusedInputError

PLAIN = ChatTemplate("{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}", {})
KNOWING = ChatTemplate("{{ messages | tojson }}{{ tools | tojson }}", {})
CALL = ToolCall("abcdefghi", "weather", '{"place": "Köln"}')
TOOL = Tool("weather", "The weather.", {"type": "object", "properties": {"place": {"type": "string"}}})
TURNS = (
    Message(Role.SYSTEM, "Be brief."),
    Message(Role.USER, "How is it?"),
    Message(Role.ASSISTANT, None, tool_calls=(CALL,)),
    Message(Role.TOOL, "12 C", tool_call_id="abcdefghi"),
)


def test_templates_that_know_tools_get_them_as_they_are() -> None:
    text = render(KNOWING, TURNS, [TOOL])
    messages, end = json.JSONDecoder().raw_decode(text)
    tools = json.loads(text[end:])
    assert messages[2]["tool_calls"][0]["function"] == {"name": "weather", "arguments": {"place": "Köln"}}
    assert messages[3] == {"role": "tool", "content": "12 C", "tool_call_id": "abcdefghi"}
    assert tools == [
        {
            "type": "function",
            "function": {"name": "weather", "description": "The weather.", "parameters": TOOL.parameters},
        }
    ]


def test_templates_that_know_none_get_words() -> None:
    text = render(PLAIN, TURNS, [TOOL])
    assert text.startswith("[system]Be brief.\n\nYou can call functions.")
    assert '"name": "weather"' in text
    assert '[assistant]<tool_call>\n{"name": "weather", "arguments": {"place": "Köln"}}\n</tool_call>' in text
    assert text.endswith("[user]<tool_response>\n12 C\n</tool_response>")


def test_without_a_system_message_the_explanation_makes_one() -> None:
    assert render(PLAIN, TURNS[1:2], [TOOL]).startswith("[system]You can call functions.")
    assert render(PLAIN, TURNS[1:2], ()) == "[user]How is it?"


def test_developers_are_systems_to_templates_that_know_none() -> None:
    assert render(PLAIN, (Message(Role.DEVELOPER, "Be brief."),), ()) == "[system]Be brief."


def test_arguments_that_are_no_json_stay_texts() -> None:
    broken = Message(Role.ASSISTANT, "So:", tool_calls=(ToolCall("abcdefghi", "f", "{broken"),))
    assert '"arguments": "{broken"' in render(PLAIN, (broken,), ())


def test_definitions_of_several_tools_do_not_meet() -> None:
    one = {"$ref": "#/$defs/X", "$defs": {"X": {"type": "object", "properties": {"a": {"const": 1}}}}}
    two = {
        "type": "object",
        "properties": {"b": {"$ref": "#/definitions/X"}},
        "definitions": {"X": {"const": 2}},
    }
    schema = json.loads(call_schema([Tool("one", "", one), Tool("two", "", two)], LLAMA))
    assert schema["$defs"]["0"] == {"$ref": "#/$defs/0.X"}
    assert schema["$defs"]["1"]["properties"]["b"] == {"$ref": "#/$defs/1.X"}
    assert schema["$defs"]["1.X"] == {"const": 2}
    assert [list(each["properties"]) for each in schema["anyOf"]] == [["name", "parameters"]] * 2


def test_arguments_may_hold_themselves() -> None:
    tree = {"type": "object", "properties": {"child": {"$ref": "#"}}, "additionalProperties": False}
    schema = call_schema([Tool("grow", "", tree)], HERMES)
    assert json.loads(schema)["$defs"]["0"]["properties"]["child"] == {"$ref": "#/$defs/0"}
    assert checked(json.loads(schema), "made") == schema


def test_wrong_schemas_name_their_tool() -> None:
    with pytest.raises(InvalidSchemaError, match=r"tools\.bad\.parameters.*objet"):
        call_schema([TOOL, Tool("bad", "", {"type": "objet"})], HERMES)


def test_nothing_said_is_refused() -> None:
    with pytest.raises(RefusedInputError, match="messages"):
        Conversation((), ChatOptions())
