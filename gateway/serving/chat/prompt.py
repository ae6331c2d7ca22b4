"""A conversation as templates want it, also by those that know no tools."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.serving.chat.dialects import HERMES
from gateway.serving.chat.messages import Message, Role, Tool, ToolCall
from gateway.serving.chat.template import ChatTemplate

EXPLANATION = """\
You can call functions. Every line between <tools> and </tools> describes one of them.
<tools>
{tools}
</tools>
To call one, write its name and its arguments as JSON between <tool_call> and </tool_call>:
<tool_call>
{{"name": "name of the function", "arguments": {{"name of the argument": "value"}}}}
</tool_call>"""
"""What stands in the system message of a template that has no place for tools."""


def render(template: ChatTemplate, messages: Sequence[Message], tools: Sequence[Tool]) -> str:
    """The conversation as text, up to where the assistant begins to speak.

    A template that does not name tools is given them in words, and calls and their results as texts.

    Raises:
        ConversationRefusedError: the template refuses the messages, or fails with them.

    """
    described = [_described(tool) for tool in tools]
    if template.takes_tools:
        return template.render([_turn(message) for message in messages], described)
    told = [_in_words(message) for message in messages]
    if described:
        told = _explained(told, described)
    return template.render([_turn(message) for message in told], ())


def _described(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _turn(message: Message) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": str(message.role), "content": message.content}
    if message.name is not None:
        turn["name"] = message.name
    if message.tool_calls:
        turn["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.tool_call_id is not None:
        turn["tool_call_id"] = message.tool_call_id
    return turn


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": _arguments(call)}
    return {"id": call.id, "type": "function", "function": function}


def _arguments(call: ToolCall) -> object:
    """As an object, which templates write as JSON themselves; what is none stays as it is."""
    try:
        return json.loads(call.arguments)
    except ValueError:
        return call.arguments


def _in_words(message: Message) -> Message:
    """The same without calls and without the role of tools."""
    if message.role is Role.TOOL:
        return Message(Role.USER, f"<tool_response>\n{message.content}\n</tool_response>")
    if message.role is Role.DEVELOPER:
        return replace(message, role=Role.SYSTEM)
    if not message.tool_calls:
        return message
    calls = [
        json.dumps({"name": call.name, "arguments": _arguments(call)}, ensure_ascii=False)
        for call in message.tool_calls
    ]
    written = [f"{HERMES.opening}\n{call}\n{HERMES.closing}" for call in calls]
    text = "\n".join([message.content, *written] if message.content else written)
    return replace(message, content=text, tool_calls=())


def _explained(messages: Sequence[Message], tools: Sequence[Mapping[str, Any]]) -> list[Message]:
    lines = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in tools)
    text = EXPLANATION.format(tools=lines)
    first = messages[0]
    if first.role is Role.SYSTEM:
        return [replace(first, content=f"{first.content}\n\n{text}"), *messages[1:]]
    return [Message(Role.SYSTEM, text), *messages]
