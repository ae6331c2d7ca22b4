"""Answers to conversations: chunks of a stream, or a whole message."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from enum import StrEnum

from gateway.serving.chat.messages import ToolCall


class FinishReason(StrEnum):
    """Why an answer ended, as OpenAI's API calls it."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token and the natural logarithm of its probability under the model, before any sampling option.

    Attributes:
        token: its text; incomplete characters are replacement characters in it.
        bytes: what it adds to the text, exactly.

    """

    token: str
    bytes: bytes
    logprob: float


@dataclass(frozen=True, slots=True)
class Position:
    """One token of an answer.

    Attributes:
        top: likeliest tokens in its place, likeliest first.

    """

    chosen: TokenLogprob
    top: tuple[TokenLogprob, ...]


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """The next part of a call.

    Attributes:
        index: which of the answer's calls, counted from 0.
        id: in the first part only, with the name; None after it.
        arguments: JSON text that goes on where the part before ended.

    """

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """The next part of one of the answers.

    Attributes:
        index: which of the choices, counted from 0.
        text: may be empty.
        tokens: that the model wrote for it; also such as leave no text.
        logprobs: of these tokens, where they were asked for.
        finish_reason: None while the answer goes on.
        prompt_tokens: that the model read, the same in every piece.

    """

    index: int
    text: str
    tokens: int
    prompt_tokens: int
    tool_calls: tuple[ToolCallDelta, ...] = ()
    logprobs: tuple[Position, ...] = ()
    finish_reason: FinishReason | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One whole answer.

    Attributes:
        text: None where the answer consists of calls.
        logprobs: None where they were not asked for.

    """

    text: str | None
    tool_calls: tuple[ToolCall, ...]
    logprobs: tuple[Position, ...]
    finish_reason: FinishReason


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """All choices of a conversation.

    Attributes:
        completion_tokens: of all choices together.

    """

    choices: tuple[Choice, ...]
    prompt_tokens: int
    completion_tokens: int


async def collect(pieces: AsyncIterable[Piece]) -> ChatAnswer:
    """The whole answer."""
    choices: dict[int, list[Piece]] = {}
    async for piece in pieces:
        choices.setdefault(piece.index, []).append(piece)
    whole = [piece for each in choices.values() for piece in each]
    return ChatAnswer(
        choices=tuple(_joined(choices[index]) for index in sorted(choices)),
        prompt_tokens=whole[0].prompt_tokens,
        completion_tokens=sum(piece.tokens for piece in whole),
    )


def _joined(pieces: list[Piece]) -> Choice:
    calls: list[ToolCall] = []
    for delta in (delta for piece in pieces for delta in piece.tool_calls):
        if delta.id is not None:
            calls.append(ToolCall(delta.id, delta.name or "", delta.arguments))
        else:
            begun = calls[delta.index]
            calls[delta.index] = ToolCall(begun.id, begun.name, begun.arguments + delta.arguments)
    reason = pieces[-1].finish_reason
    assert reason is not None
    text = "".join(piece.text for piece in pieces)
    return Choice(
        text=text if text or not calls else None,
        tool_calls=tuple(calls),
        logprobs=tuple(position for piece in pieces for position in piece.logprobs),
        finish_reason=reason,
    )
