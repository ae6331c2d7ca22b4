"""Chats that providers elsewhere answer: passed on as they are, with the usage that they report."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Any

import msgspec

from control_plane.catalog import Provider
from gateway.serving.inference.chats import ChatEvent
from gateway.serving.metering.call import current_call
from gateway.serving.providers.form import Json
from gateway.serving.providers.upstreams import Upstreams

WRITTEN = ("content", "reasoning_content")
"""Texts of a message that count as completion tokens."""


class UpstreamChat:
    """Chats of providers elsewhere."""

    def __init__(self, upstreams: Upstreams) -> None:
        self._upstreams = upstreams

    async def answer(self, provider: Provider, body: Json) -> dict[str, Any]:
        """The completion that the provider answers.

        Raises:
            TriremeError: see `Upstreams.chat`.

        """
        answer = await self._upstreams.chat(provider, body)
        if (call := current_call()) is not None:
            for message in _parts(answer, "message"):
                call.texts.append("\n".join(each.strip() for each in _texts(message)).strip())
        note_tokens(answer)
        return answer

    async def events(self, provider: Provider, body: Json) -> AsyncGenerator[ChatEvent, None]:
        """The chunks of the completion as they come.

        Raises:
            TriremeError: see `Upstreams.chat_events`.

        """
        async with aclosing(self._upstreams.chat_events(provider, body)) as events:
            async for data in events:
                yield ChatEvent(data, _read(data))


def note_tokens(answer: Mapping[str, Any]) -> None:
    """Note on the current call the tokens that an answer tells, or those of its model where it knows both."""
    usage = answer.get("usage")
    call = current_call()
    if call is None or not isinstance(usage, dict):
        return
    told = usage.get("model_tokens", usage)
    read, written = told.get("prompt_tokens"), told.get("completion_tokens")
    if isinstance(read, int):
        call.model_prompt_tokens = read
    if isinstance(written, int):
        call.model_completion_tokens = written


def text_of(content: object) -> str:
    """Text of a message's content: the content itself, or those of its parts that are text."""
    match content:
        case str():
            return content
        case list():
            return "\n".join(text for part in content if (text := _part_text(part)))
    return ""


def _part_text(part: object) -> str:
    text = part.get("text") if isinstance(part, dict) else None
    return text if isinstance(text, str) else ""


def _read(data: bytes) -> str:
    """Text that is new in an event; tokens that it tells of are noted."""
    try:
        chunk = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if not isinstance(chunk, dict):
        return ""
    note_tokens(chunk)
    return "".join(text for delta in _parts(chunk, "delta") for text in _texts(delta))


def _parts(answer: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """`message` or `delta` of each choice, as far as the answer has the form of one."""
    choices = answer.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        part = choice.get(name) if isinstance(choice, dict) else None
        if isinstance(part, dict):
            yield part


def _texts(message: Mapping[str, Any]) -> Iterator[str]:
    return (text for name in WRITTEN if (text := text_of(message.get(name))))
