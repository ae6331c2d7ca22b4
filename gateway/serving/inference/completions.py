"""Texts that are continued: by models on Triton, and by others' APIs."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from control_plane.catalog import Provider
from gateway.serving.generation.results import Chunk
from gateway.serving.inference.chats import ChatEvent
from gateway.serving.inference.upstream_chat import note_tokens
from gateway.serving.metering.call import current_call
from gateway.serving.providers.form import Json
from gateway.serving.providers.upstreams import Upstreams
from gateway.serving.tasks.generation import Choose, Generations, GenerationTask


class Completions:
    """Continues texts, whoever's model it is."""

    def __init__(self, task: GenerationTask, upstreams: Upstreams) -> None:
        self._task = task
        self._upstreams = upstreams

    async def answer_here(self, provider: Provider, texts: Sequence[str], choose: Choose) -> Generations:
        """The answers to each text.

        Raises:
            TriremeError: see `GenerationTask.run`.

        """
        return await self._task.run(provider, texts, choose)

    async def stream_here(
        self, provider: Provider, text: str, choose: Choose, write: Callable[[Chunk], bytes]
    ) -> AsyncGenerator[ChatEvent, None]:
        """The answers to a text as they are written.

        Args:
            write: makes the JSON of a chunk.

        Raises:
            TriremeError: see `GenerationTask.stream`.

        """
        async with aclosing(self._task.stream(provider, text, choose)) as chunks:
            async for chunk in chunks:
                yield ChatEvent(write(chunk), chunk.text, len(chunk.token_ids))

    async def answer_elsewhere(self, provider: Provider, body: Json) -> dict[str, Any]:
        """The completion that a provider answers.

        Raises:
            TriremeError: see `Upstreams.complete`.

        """
        answer = await self._upstreams.complete(provider, body)
        if (call := current_call()) is not None:
            call.texts += [text.strip() for text in _texts(answer)]
        note_tokens(answer)
        return answer

    async def stream_elsewhere(self, provider: Provider, body: Json) -> AsyncGenerator[ChatEvent, None]:
        """The chunks of the completion as they come.

        Raises:
            TriremeError: see `Upstreams.completion_events`.

        """
        async with aclosing(self._upstreams.completion_events(provider, body)) as events:
            async for data in events:
                yield ChatEvent(data, _read(data))


def _read(data: bytes) -> str:
    """Text that is new in an event; tokens that it tells of are noted."""
    try:
        chunk = msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    note_tokens(chunk)
    return "".join(_texts(chunk))


def _texts(answer: Mapping[str, Any]) -> Iterator[str]:
    """Text of each choice, as far as the answer has the form of a completion."""
    choices = answer.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        text = choice.get("text") if isinstance(choice, dict) else None
        if isinstance(text, str):
            yield text
