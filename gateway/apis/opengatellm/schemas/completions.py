"""Answers of models on Triton to chats, in the form of OpenAI's API: whole, or as chunks."""

from dataclasses import dataclass, field
from secrets import token_hex
from time import time
from typing import Any

import msgspec

from gateway.serving.chat.messages import ToolCall
from gateway.serving.chat.results import ChatAnswer, Choice, Piece, Position, TokenLogprob, ToolCallDelta


def new_completion_id() -> str:
    """Name of an answer of ours."""
    return f"chatcmpl-{token_hex(16)}"


def completion(answer: ChatAnswer, model: str) -> dict[str, Any]:
    """A whole answer."""
    return {
        "id": new_completion_id(),
        "object": "chat.completion",
        "created": int(time()),
        "model": model,
        "choices": [_choice(index, choice) for index, choice in enumerate(answer.choices)],
    }


@dataclass(slots=True)
class ChunkWriter:
    """Makes the chunks of one streamed answer; the first of each choice says who speaks."""

    model: str
    id: str = field(default_factory=new_completion_id)
    created: int = field(default_factory=lambda: int(time()))
    _begun: set[int] = field(default_factory=set)

    def write(self, piece: Piece) -> bytes:
        """JSON of the next chunk."""
        delta: dict[str, Any] = {}
        if piece.index not in self._begun:
            self._begun.add(piece.index)
            delta["role"] = "assistant"
        if piece.text or (delta and not piece.tool_calls):
            delta["content"] = piece.text
        if piece.tool_calls:
            delta["tool_calls"] = [_call_delta(call) for call in piece.tool_calls]
        choice = {
            "index": piece.index,
            "delta": delta,
            "logprobs": _logprobs(piece.logprobs) if piece.logprobs else None,
            "finish_reason": piece.finish_reason,
        }
        return msgspec.json.encode(
            {
                "id": self.id,
                "object": "chat.completion.chunk",
                "created": self.created,
                "model": self.model,
                "choices": [choice],
            }
        )


def _choice(index: int, choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": choice.text, "refusal": None}
    if choice.tool_calls:
        message["tool_calls"] = [_call(call) for call in choice.tool_calls]
    return {
        "index": index,
        "message": message,
        "logprobs": _logprobs(choice.logprobs) if choice.logprobs else None,
        "finish_reason": choice.finish_reason,
    }


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _call_delta(call: ToolCallDelta) -> dict[str, Any]:
    if call.id is None:
        return {"index": call.index, "function": {"arguments": call.arguments}}
    function = {"name": call.name, "arguments": call.arguments}
    return {"index": call.index, "id": call.id, "type": "function", "function": function}


def _logprobs(positions: tuple[Position, ...]) -> dict[str, Any]:
    content = [
        {**_logprob(position.chosen), "top_logprobs": [_logprob(each) for each in position.top]}
        for position in positions
    ]
    return {"content": content, "refusal": None}


def _logprob(token: TokenLogprob) -> dict[str, Any]:
    return {"token": token.token, "logprob": token.logprob, "bytes": list(token.bytes)}
