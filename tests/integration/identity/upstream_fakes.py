"""Fakes of vendors: small servers that speak just enough of each upstream's protocol, on real sockets.

The first part of the path chooses the vendor or the fault; what was asked is remembered.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sockets import on_a_socket

SECRET = "sk-upstream-secret"


@dataclass
class Upstream:
    """A running fake."""

    url: str = ""
    dimensions: int = 4
    length: int = 512
    down: set[str] = field(default_factory=set)
    asked: list[tuple[str, str, str, Any]] = field(default_factory=list)
    clients: set[tuple[str, int]] = field(default_factory=set)

    def at(self, vendor: str) -> str:
        """Address of a vendor, or of a fault."""
        return f"{self.url}/{vendor}"

    def answer(self, vendor: str, path: str, body: Any) -> tuple[int, bytes]:
        """Status and body."""
        if vendor in self.down:
            return 503, b'{"message": "overloaded"}'
        match vendor, path:
            case "html", _:
                return 200, b"<html>hello</html>"
            case "failing", _:
                return 500, b"oops"
            case "shapeless", "/v1/models":
                return 200, b'{"data": {"id": 1}}'
            case "twins", "/v1/models":
                return 200, json.dumps({"data": [{"id": "e5"}, {"id": "e5"}]}).encode()
            case "vllm" | "second", "/v1/models":
                return 200, json.dumps({"data": [{"id": "e5", "max_model_len": self.length}]}).encode()
            case "openai" | "mistral", "/v1/models":
                return 200, json.dumps({"data": [{"id": "e5", "object": "model"}]}).encode()
            case "albert", "/v1/models":
                entry = {"id": "org/e5", "aliases": ["e5"], "max_context_length": self.length}
                return 200, json.dumps({"data": [entry]}).encode()
            case "tei", "/info":
                return 200, json.dumps({"model_id": "e5", "max_input_length": self.length}).encode()
            case "leaky", _:
                said = f"key {SECRET} is not welcome at {self.url}/leaky/, nor sk-ab***yz"
                return 401, json.dumps({"message": said}).encode()
            case _, "/v1/embeddings":
                vector = [0.5] * self.dimensions
                return 200, json.dumps({"data": [{"embedding": vector}], "model": body["model"]}).encode()
        return 404, b'{"message": "no such path"}'

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        content, more = b"", True
        while more:
            message = await receive()
            content, more = content + message.get("body", b""), message.get("more_body", False)
        self.clients.add(tuple(scope["client"]))
        vendor, _, path = scope["path"].removeprefix("/").partition("/")
        body = json.loads(content) if content else None
        key = dict(scope["headers"]).get(b"authorization", b"").decode()
        self.asked.append((vendor, "/" + path, key, body))
        if vendor == "hanging":
            await receive()
            return
        if vendor == "cut":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
            return
        status, answer = self.answer(vendor, "/" + path, body)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": answer})


@asynccontextmanager
async def upstream() -> AsyncIterator[Upstream]:
    """A fake that runs as long as the block."""
    fake = Upstream()
    async with on_a_socket(fake) as fake.url:
        yield fake
