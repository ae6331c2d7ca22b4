"""Small servers that speak the protocol of each kind of upstream, on real sockets; what was asked is kept."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Stream
from sockets import on_a_socket
from vendors_audio import transcriptions
from vendors_encoders import ENCODERS
from vendors_readers import READERS

SECRET = "sk-vendor-secret"
ANSWER = "A trireme has three rows."
WORDS = ("A", " trireme", " has", " three", " rows.")
REASONING = "Let me count."
CALL = {"id": "call_1", "type": "function", "function": {"name": "row", "arguments": '{"rows": 3}'}}
CALL_DELTAS = (
    {"index": 0, "id": "call_1", "type": "function", "function": {"name": "row", "arguments": ""}},
    {"index": 0, "function": {"arguments": '{"rows"'}},
    {"index": 0, "function": {"arguments": ": 3}"}},
)


@dataclass
class Vendors:
    """One server that stands for all vendors: the first part of the path says which."""

    url: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    going: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    def at(self, vendor: FromPath[str]) -> str:
        return f"{self.url}/{vendor}/"

    @property
    def body(self) -> dict[str, Any]:
        """The last body that arrived."""
        return self.asked[-1][1]


def completion(body: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": ANSWER, "reasoning_content": REASONING}
    reason = "length" if body.get("max_tokens") == 1 else "stop"
    if body.get("tools"):
        message, reason = {"role": "assistant", "content": None, "tool_calls": [CALL]}, "tool_calls"
    choices = [
        {"index": index, "message": message, "finish_reason": reason} for index in range(body.get("n") or 1)
    ]
    return {
        "id": "chatcmpl-vendor",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": choices,
        "usage": {"prompt_tokens": 31, "completion_tokens": 17, "total_tokens": 48},
        "vendor_extra": "kept",
    }


def chunk(body: dict[str, Any], delta: dict[str, Any], **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    common = {
        "id": "chatcmpl-vendor",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": body["model"],
    }
    return {**common, "choices": [choice], **fields}


async def stream(vendors: Vendors, vendor: str, body: dict[str, Any]) -> AsyncIterator[bytes]:
    """Chunks of a completion; the vendor's name says what becomes of them."""
    try:
        if vendor == "silent":
            return
        yield b": a comment\n\n"
        yield f"data: {json.dumps(chunk(body, {'role': 'assistant', 'content': ''}))}\n\n".encode()
        for call in CALL_DELTAS if body.get("tools") else ():
            yield f"data: {json.dumps(chunk(body, {'tool_calls': [call]}))}\n\n".encode()
        for word in () if body.get("tools") else WORDS:
            yield f"data:{json.dumps(chunk(body, {'content': word}))}\r\n\r\n".encode()
            if vendor == "broken":
                raise ConnectionError
            if vendor == "endless":
                vendors.going.set()
                await asyncio.Event().wait()
        usage = {"prompt_tokens": 31, "completion_tokens": 5, "total_tokens": 36}
        yield f"data: {json.dumps(chunk(body, {}, choices=[], usage=usage))}\n\n".encode()
        if vendor != "unfinished":
            yield b"data: [DONE]\n\n"
    finally:
        vendors.left.set()


@get("/{vendor:str}/v1/models")
async def models(vendor: FromPath[str]) -> dict[str, Any]:
    length = "max_model_len" if vendor == "vllm" else "max_context_length"
    return {"object": "list", "data": [{"id": "real-name", "object": "model", length: 512}]}


@get("/{vendor:str}/info")
async def info(vendor: FromPath[str]) -> dict[str, Any]:
    return {"model_id": "real-name", "max_input_length": 512}


@post("/{vendor:str}/v1/chat/completions", status_code=200)
async def chat(
    vendor: FromPath[str], request: Request[Any, Any, Any], state: State
) -> Response[Any] | Stream:
    body = await request.json()
    vendors: Vendors = state.vendors
    vendors.asked.append((request.headers.get("authorization", ""), body))
    if vendor in vendors.faults:
        status, answer = vendors.faults[vendor]
        return Response(answer, status_code=status, media_type="application/json")
    if body.get("stream"):
        return Stream(stream(vendors, vendor, body), media_type="text/event-stream")
    return Response(completion(body))


@post("/{vendor:str}/v1/completions", status_code=200)
async def complete(vendor: FromPath[str], request: Request[Any, Any, Any], state: State) -> Any:
    body = await request.json()
    state.vendors.asked.append((vendor, body))
    told = {"id": "cmpl-vendor", "object": "text_completion", "created": 1, "model": body["model"]}
    pieces = WORDS if body.get("stream") else (ANSWER,)
    answers = [
        {**told, "choices": [{"index": 0, "text": piece, "logprobs": None, "finish_reason": None}]}
        for piece in pieces
    ]
    if not body.get("stream"):
        return answers[0]
    lines = (f"data: {json.dumps(answer)}\n\n".encode() for answer in answers)
    return Stream(lines, media_type="text/event-stream")


@asynccontextmanager
async def running_vendors() -> AsyncIterator[Vendors]:
    vendors = Vendors()
    app = Litestar(
        [models, info, chat, complete, *ENCODERS, *READERS, transcriptions],
        state=State({"vendors": vendors}),
        logging_config=None,
    )
    async with on_a_socket(app) as vendors.url:
        yield vendors
