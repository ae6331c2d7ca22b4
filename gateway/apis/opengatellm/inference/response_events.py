"""Events of a streamed response, out of the chunks of the chat that answers it."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec

from gateway.apis.opengatellm.schemas.response_objects import (
    Object,
    call_item,
    finished,
    message_item,
    new_id,
    new_response,
    output_text,
    reasoning_item,
    reasoning_text,
)
from gateway.apis.opengatellm.schemas.responses import ResponsesBody
from gateway.serving.inference.chats import ChatEvent
from gateway.serving.inference.inference import Answered
from gateway.sse import Events

Event = tuple[str, bytes]


@dataclass(slots=True)
class _Text:
    """A message or a thought that is being written."""

    kind: str
    id: str
    text: str = ""

    def item(self, status: str) -> Object:
        make = message_item if self.kind == "output_text" else reasoning_item
        return make(self.id, self.text, status)

    def part(self) -> Object:
        make = output_text if self.kind == "output_text" else reasoning_text
        return make(self.text)


@dataclass(slots=True)
class _Call:
    """A call that is being written.

    Attributes:
        index: of the chat's calls.

    """

    index: int
    call_id: str
    name: str
    id: str = field(default_factory=lambda: new_id("fc"))
    arguments: str = ""

    def item(self, status: str) -> Object:
        return call_item(self.id, self.call_id, self.name, self.arguments, status)


class ResponseWriter:
    """One response: items follow each other, each is opened, written and closed."""

    def __init__(self, body: ResponsesBody) -> None:
        self._response = new_response(body)
        self._numbers = count()
        self._output: list[Object] = []
        self._open: _Text | _Call | None = None
        self._reason: str | None = None

    def begin(self) -> Iterator[Event]:
        """Say that there is a response."""
        yield self._event("created", response=self._response)
        yield self._event("in_progress", response=self._response)

    def write(self, chunk: Object) -> Iterator[Event]:
        """What a chunk of the chat adds; of several choices, to the first."""
        for choice in chunk.get("choices") or ():
            if choice.get("index", 0) != 0:
                continue
            delta = choice.get("delta") or {}
            if thought := delta.get("reasoning_content"):
                yield from self._write_text("reasoning_text", thought)
            if said := delta.get("content"):
                yield from self._write_text("output_text", said)
            for call in delta.get("tool_calls") or ():
                yield from self._write_call(call)
            self._reason = choice.get("finish_reason") or self._reason

    def end(self, answered: Answered[None]) -> Iterator[Event]:
        """Close what is open, and tell the whole."""
        yield from self._close()
        response = finished(self._response, self._output, self._reason, answered)
        yield self._event(response["status"], response=response)

    def _write_text(self, kind: str, text: str) -> Iterator[Event]:
        if not (isinstance(self._open, _Text) and self._open.kind == kind):
            opened = _Text(kind, new_id("msg" if kind == "output_text" else "rs"))
            yield from self._begin(opened)
            yield self._event(
                "content_part.added", **self._place(opened), content_index=0, part=opened.part()
            )
        else:
            opened = self._open
        opened.text += text
        yield self._event(f"{kind}.delta", **self._place(opened), content_index=0, delta=text, logprobs=[])

    def _write_call(self, delta: Object) -> Iterator[Event]:
        function = delta.get("function") or {}
        index = delta.get("index", 0)
        if not (isinstance(self._open, _Call) and self._open.index == index):
            opened = _Call(index, delta.get("id") or new_id("call"), function.get("name") or "")
            yield from self._begin(opened)
        else:
            opened = self._open
        if arguments := function.get("arguments"):
            opened.arguments += arguments
            yield self._event("function_call_arguments.delta", **self._place(opened), delta=arguments)

    def _begin(self, opened: _Text | _Call) -> Iterator[Event]:
        yield from self._close()
        self._open = opened
        yield self._event(
            "output_item.added", output_index=len(self._output), item=opened.item("in_progress")
        )

    def _close(self) -> Iterator[Event]:
        match self._open:
            case _Text() as text:
                place = {**self._place(text), "content_index": 0}
                yield self._event(f"{text.kind}.done", **place, text=text.text, logprobs=[])
                yield self._event("content_part.done", **place, part=text.part())
            case _Call() as call:
                place = self._place(call)
                yield self._event(
                    "function_call_arguments.done", **place, name=call.name, arguments=call.arguments
                )
            case None:
                return
        item = self._open.item("completed")
        yield self._event("output_item.done", output_index=len(self._output), item=item)
        self._output.append(item)
        self._open = None

    def _place(self, opened: _Text | _Call) -> Object:
        return {"item_id": opened.id, "output_index": len(self._output)}

    def _event(self, happened: str, /, **fields: Any) -> Event:
        kind = f"response.{happened}"
        told = {"type": kind, "sequence_number": next(self._numbers), **fields}
        return kind, msgspec.json.encode(told)


async def response_events(
    body: ResponsesBody, stream: AsyncGenerator[ChatEvent | Answered[None], None]
) -> Events:
    """Events of a response; the first comes with the first chunk, so that refusals can come before it."""
    writer, begun = ResponseWriter(body), False
    async with aclosing(stream):
        async for piece in stream:
            if not begun:
                begun = True
                for event in writer.begin():
                    yield event
            written = writer.end(piece) if isinstance(piece, Answered) else writer.write(_object(piece.data))
            for event in written:
                yield event


def _object(data: bytes) -> Object:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
