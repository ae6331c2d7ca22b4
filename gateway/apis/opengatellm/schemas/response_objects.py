"""What `/v1/responses` answers: a chat's completion in other words."""

from collections.abc import Mapping
from secrets import token_hex
from time import time
from typing import Any

import msgspec

from gateway.apis.opengatellm.schemas.answers import InferenceUsage
from gateway.apis.opengatellm.schemas.responses import FunctionTool, ResponsesBody
from gateway.serving.inference.inference import Answered
from gateway.serving.inference.upstream_chat import text_of

Object = dict[str, Any]


class ResponseObject(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a conversation: messages, and calls of functions."""

    id: str
    object: str
    created_at: int
    status: str
    model: str
    output: list[Object]
    usage: Object | None


def new_response(body: ResponsesBody) -> Object:
    """A response of which nothing is written yet, with what was asked for."""
    asked = body.model_dump(
        include={
            "instructions", "max_output_tokens", "metadata", "model", "reasoning", "safety_identifier",
            "service_tier", "temperature", "tool_choice", "top_p", "user",
        }
    )  # fmt: skip
    return {
        **asked,
        "id": f"resp_{token_hex(24)}",
        "object": "response",
        "created_at": int(time()),
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "output": [],
        "parallel_tool_calls": bool(body.parallel_tool_calls),
        "previous_response_id": None,
        "store": False,
        "background": False,
        "text": {"format": body.text.format.model_dump(by_alias=True) if body.text else {"type": "text"}},
        "tool_choice": asked["tool_choice"] or ("auto" if body.tools else "none"),
        "tools": [_tool(tool) for tool in body.tools or ()],
        "truncation": "disabled",
        "usage": None,
    }


def whole_response(body: ResponsesBody, answered: Answered[Mapping[str, Any]]) -> Object:
    """The response that a completion makes."""
    choice = answered.value["choices"][0]
    message = choice["message"]
    output = []
    if thought := text_of(message.get("reasoning_content")):
        output.append(reasoning_item(new_id("rs"), thought))
    if said := text_of(message.get("content")):
        output.append(message_item(new_id("msg"), said))
    output += [
        call_item(new_id("fc"), call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls") or ()
    ]
    return finished(new_response(body), output, choice.get("finish_reason"), answered)


def finished(response: Object, output: list[Object], reason: str | None, answered: Answered[Any]) -> Object:
    """A response with its output and what it took; one that was cut says why."""
    cut = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(reason or "")
    return {
        **response,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": cut} if cut else None,
        "output": output,
        "usage": _usage(answered),
    }


def message_item(item_id: str, text: str, status: str = "completed") -> Object:
    """A message of the model's."""
    content = [output_text(text)] if status == "completed" else []
    return {"id": item_id, "type": "message", "role": "assistant", "status": status, "content": content}


def reasoning_item(item_id: str, text: str, status: str = "completed") -> Object:
    """What the model thought."""
    content = [reasoning_text(text)] if status == "completed" else []
    return {"id": item_id, "type": "reasoning", "status": status, "summary": [], "content": content}


def call_item(item_id: str, call_id: str, name: str, arguments: str, status: str = "completed") -> Object:
    """A call that the model asks for."""
    return {
        "id": item_id,
        "type": "function_call",
        "status": status,
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
    }


def output_text(text: str) -> Object:
    """Content of a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def reasoning_text(text: str) -> Object:
    """Content of a thought."""
    return {"type": "reasoning_text", "text": text}


def new_id(prefix: str) -> str:
    """Name of a new item."""
    return f"{prefix}_{token_hex(24)}"


def _usage(answered: Answered[Any]) -> Object:
    usage: Object = msgspec.to_builtins(InferenceUsage.of(answered))
    read, written = usage.pop("prompt_tokens"), usage.pop("completion_tokens")
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        **usage,
    }


def _tool(tool: FunctionTool) -> Object:
    return {"parameters": None, "strict": None, **tool.model_dump()}
