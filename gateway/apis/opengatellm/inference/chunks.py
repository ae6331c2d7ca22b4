"""Chunks of streamed chats on their way to the caller, and the one that ends them."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec

from control_plane.routers.kinds import ProviderKind
from gateway.apis.opengatellm.schemas.answers import InferenceUsage, request_id
from gateway.serving.inference.chats import ChatEvent
from gateway.serving.inference.inference import Answered
from gateway.sse import Events


async def relayed(stream: AsyncGenerator[ChatEvent | Answered[None], None]) -> Events:
    """Events of a chat as they are, and one more that tells what all of them took."""
    last = b""
    async with aclosing(stream):
        async for piece in stream:
            if isinstance(piece, Answered):
                if last:
                    yield "", _usage_chunk(last, piece)
            else:
                last = piece.data
                yield "", last


def _usage_chunk(last: bytes, answered: Answered[None]) -> bytes:
    """A copy of the last chunk without choices: with the usage, and the provider's name of the model."""
    chunk = _object(last)
    provider = answered.provider
    if provider.kind is not ProviderKind.TRITON:
        chunk["model"] = provider.model_name
    usage = InferenceUsage.of(answered)
    return msgspec.json.encode(
        {**chunk, "id": chunk.get("id") or request_id(), "choices": [], "usage": usage}
    )


def _object(data: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
