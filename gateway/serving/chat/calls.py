"""Parses tool calls out of an answer while it is generated."""

import re
import secrets
import string
from enum import Enum, auto

import msgspec

from gateway.serving.chat.dialects import LLAMA, Dialect
from gateway.serving.chat.results import ToolCallDelta

ID_LENGTH = 9
"""Letters and digits of a call's id: Mistral's templates take no other."""

TAG = "<|python_tag|>"
"""What models of Llama may write before a call."""

HEAD = re.compile(
    r'\s*\[?\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"(?:arguments|parameters)"\s*:\s*(?=\{)', re.DOTALL
)
"""A call up to its arguments, as nearly all models write it."""

NAMED = re.compile(r"\s*([^\s\[\]{}\"]+)\s*(?:\[CALL_ID\]\s*\w+\s*)?\[ARGS\]\s*(?=\{)")
"""The same as later models of Mistral write it."""


class _State(Enum):
    TEXT = auto()
    HEAD = auto()
    ARGUMENTS = auto()
    AFTER = auto()


class CallReader:
    """One answer, piece by piece: text, and calls with their arguments as they come.

    What looks like a call and is none stays text. However the answer is cut into pieces, what is read from
    them is the same.

    Args:
        inside: the answer goes on behind an opening that the prompt ends with.
        parallel: more than one call may come; without it the others are left out.

    """

    def __init__(self, dialect: Dialect, *, inside: bool, parallel: bool) -> None:
        self._dialect = dialect
        self._parallel = parallel
        self._state = _State.HEAD if inside else _State.TEXT
        self._buffer = ""
        self._calls = 0
        self._value = _JsonObject()
        self._started = False

    @property
    def calls(self) -> int:
        """Calls that have begun."""
        return self._calls

    def feed(self, text: str, *, final: bool) -> tuple[str, tuple[ToolCallDelta, ...]]:
        """Text and parts of calls that are certain now.

        Args:
            final: nothing more comes.

        """
        self._buffer += text
        content: list[str] = []
        deltas: list[ToolCallDelta] = []
        state = None
        while self._buffer and state is not self._state:
            state = self._state
            match state:
                case _State.TEXT:
                    content.append(self._read_text(final=final))
                case _State.HEAD:
                    content.append(self._read_head(deltas, final=final))
                case _State.ARGUMENTS:
                    self._read_arguments(deltas)
                case _State.AFTER:
                    self._read_after()
        return "".join(content), tuple(deltas)

    def _read_text(self, *, final: bool) -> str:
        if self._dialect is LLAMA:
            return self._read_beginning(final=final)
        opening = self._dialect.opening
        at = self._buffer.find(opening)
        if at >= 0:
            text, self._buffer = self._buffer[:at], self._buffer[at + len(opening) :]
            self._state = _State.HEAD
            return self._shown(text.rstrip())
        kept = 0 if final else _doubtful(self._buffer, opening)
        end = len(self._buffer) - kept
        text, self._buffer = self._buffer[:end], self._buffer[end:]
        if not final:
            bare = text.rstrip()
            text, self._buffer = bare, text[len(bare) :] + self._buffer
        return self._shown(text)

    def _shown(self, text: str) -> str:
        """Text between and behind calls is shown where it is more than space."""
        return text if not self._calls or text.strip() else ""

    def _read_beginning(self, *, final: bool) -> str:
        """Calls without an opening are whole answers, so the first characters decide."""
        begins = self._buffer.lstrip()
        if not self._started and not final and (not begins or TAG.startswith(begins)):
            return ""
        if not self._started and begins.startswith(("{", TAG)):
            self._buffer = begins.removeprefix(TAG)
            self._state = _State.HEAD
            return ""
        self._started = True
        text, self._buffer = self._buffer, ""
        return text

    def _read_head(self, deltas: list[ToolCallDelta], *, final: bool) -> str:
        closing = self._dialect.closing
        if found := HEAD.match(self._buffer) or (self._dialect.named and NAMED.match(self._buffer)):
            name = found[1]
            self._begin(deltas, msgspec.json.decode(name, type=str) if name.startswith('"') else name)
            self._buffer = self._buffer[found.end() :]
            self._value = _JsonObject()
            self._state = _State.ARGUMENTS
            return ""
        end = self._buffer.find(closing) if closing else -1
        if end < 0 and not final:
            return ""
        body = self._buffer if end < 0 else self._buffer[:end]
        rest = "" if end < 0 else self._buffer[end + len(closing) :]
        self._buffer = rest
        self._state = _State.TEXT
        self._started = True
        if (call := _whole(body)) is not None:
            self._begin(deltas, call.name, call.text)
            return ""
        return self._dialect.opening + body + (closing if end >= 0 else "")

    def _read_arguments(self, deltas: list[ToolCallDelta]) -> None:
        size = self._value.feed(self._buffer)
        self._go_on(deltas, self._buffer[:size])
        self._buffer = self._buffer[size:]
        if self._value.ended:
            self._state = _State.AFTER

    def _read_after(self) -> None:
        """Go to where text or another call begins; what stands before it only closes the last one."""
        opening, closing = self._dialect.opening, self._dialect.closing
        at = self._buffer.find(closing or "{")
        if at < 0:
            return
        if closing:
            self._buffer = self._buffer[at + len(closing) :].lstrip()
            self._state = _State.TEXT
            return
        before, again, _ = self._buffer[:at].partition(opening) if opening else ("", "", "")
        self._buffer = self._buffer[len(before) + len(again) if again else at :]
        self._state = _State.HEAD

    def _begin(self, deltas: list[ToolCallDelta], name: str, arguments: str = "") -> None:
        self._calls += 1
        if self._calls == 1 or self._parallel:
            deltas.append(ToolCallDelta(self._calls - 1, _new_id(), name, arguments))

    def _go_on(self, deltas: list[ToolCallDelta], arguments: str) -> None:
        if self._calls == 1 or self._parallel:
            deltas.append(ToolCallDelta(self._calls - 1, arguments=arguments))


class _JsonObject:
    """Finds where an object ends."""

    def __init__(self) -> None:
        self._depth = 0
        self._quoted = False
        self._escaped = False
        self.ended = False

    def feed(self, text: str) -> int:
        """How many characters of a text belong to the object."""
        for position, character in enumerate(text):
            if self._escaped:
                self._escaped = False
            elif self._quoted:
                self._escaped = character == "\\"
                self._quoted = character != '"'
            elif character == '"':
                self._quoted = True
            else:
                self._depth += (character in "{[") - (character in "}]")
                if self._depth == 0:
                    self.ended = True
                    return position + 1
        return len(text)


class _Call(msgspec.Struct):
    """A call whose members stand in another order than usual."""

    name: str
    arguments: msgspec.Raw = msgspec.Raw()
    parameters: msgspec.Raw = msgspec.Raw()

    @property
    def text(self) -> str:
        return bytes(self.arguments or self.parameters or b"{}").decode()


def _whole(body: str) -> _Call | None:
    try:
        call = msgspec.json.decode(body, type=_Call)
    except msgspec.MsgspecError:
        return None
    return call if call.text.startswith("{") else None


def _doubtful(text: str, mark: str) -> int:
    """Characters at the end that may be the beginning of a mark."""
    return next((size for size in range(len(mark) - 1, 0, -1) if text.endswith(mark[:size])), 0)


def _new_id() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(ID_LENGTH))
