"""A provider elsewhere that has its answer ready: what passing it on costs is all that is left to measure.

`python -m scripts.benchmarks.upstream` serves it, and writes its port.
"""

import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec
import uvicorn

from scripts.benchmarks.server import Server, first_answer

NAME = "ready-answers"
TOKENS = 64

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

MODELS = msgspec.json.encode(
    {"object": "list", "data": [{"id": NAME, "object": "model", "max_model_len": 512}]}
)
COMMON = {"id": "chatcmpl-1", "created": 1, "model": NAME}
WHOLE = msgspec.json.encode(
    {
        **COMMON,
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": " oar" * TOKENS},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 16, "completion_tokens": TOKENS, "total_tokens": 16 + TOKENS},
    }
)
CHUNK = msgspec.json.encode(
    {
        **COMMON,
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": {"content": " oar"}, "finish_reason": None}],
    }
)


async def application(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """Lists its model, and answers every chat alike, whole or as a token a chunk."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if scope["method"] == "GET":
        await _respond(send, MODELS)
    elif msgspec.json.decode(body).get("stream"):
        await _start(send, (b"content-type", b"text/event-stream"))
        for _ in range(TOKENS):
            event = b"data: %s\n\n" % CHUNK
            await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})
    else:
        await _respond(send, WHOLE)


async def _respond(send: Send, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await _start(send, (b"content-type", b"application/json"), length)
    await send({"type": "http.response.body", "body": body})


async def _start(send: Send, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": headers})


@contextmanager
def running() -> Iterator[int]:
    """Port of the provider, which runs as long as the block."""
    command = [sys.executable, "-m", "scripts.benchmarks.upstream"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def routed(server: Server, port: int) -> Iterator[None]:
    """The provider's model is one of the gateway's as long as the block runs."""
    base = f"http://{server.host}:{server.port}"
    headers = {"authorization": f"Bearer {server.key}"}
    with httpx.Client(base_url=f"{base}/v1/admin", headers=headers, trust_env=False) as client:
        router = _made(client, "/routers", {"name": NAME, "type": "text-generation"})
        url = f"http://127.0.0.1:{port}/"
        provider = {"router": router, "type": "vllm", "url": url, "key": "none", "model_name": NAME}
        _made(client, "/providers", {**provider, "timeout": 60})
        question = {"model": NAME, "messages": [{"role": "user", "content": "first"}]}
        first_answer(server, "/v1/chat/completions", question)
        try:
            yield
        finally:
            client.delete(f"/routers/{router}").raise_for_status()


def _made(client: httpx.Client, path: str, body: dict[str, object]) -> int:
    answer = client.post(path, json=body)
    if not answer.is_success:
        raise SystemExit(f"{path}: {answer.text}")
    return int(answer.json()["id"])


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(application, http="httptools", ws="none", lifespan="off", log_config=None)
    uvicorn.Server(config).run([listener])
