"""A conversation as every API hands it over: messages, tools, and what is wanted of the next message."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.serving.chat.options import ChatOptions
from model_repository.errors import RefusedInputError

JsonObject = Mapping[str, object]


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that the model wants to be called.

    Attributes:
        id: what the tool's own message names in `tool_call_id`.
        arguments: JSON text, in an answer exactly as the model wrote it: cut where its length ran out.

    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn.

    Attributes:
        content: its text; of a message in several parts, those joined by line breaks. None only where the
            message consists of calls.
        name: of the speaker or of the tool, as far as a template makes use of it.
        tool_calls: of an assistant.
        tool_call_id: of a tool: which call it answers.

    """

    role: Role
    content: str | None
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may ask for.

    Attributes:
        parameters: JSON schema of its arguments, an object.

    """

    name: str
    description: str
    parameters: JsonObject


class ToolMode(StrEnum):
    """Whether the model calls a tool: never, when it thinks fit, or in any case."""

    NONE = "none"
    AUTO = "auto"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class NamedTool:
    """The model calls this very tool."""

    name: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that decides about the next message.

    Attributes:
        response_schema: JSON schema that the text of the answer must satisfy, `{"type": "object"}` for any
            object; None for free text.
        parallel_tool_calls: the answer may have more than one call.

    """

    messages: tuple[Message, ...]
    options: ChatOptions
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolMode | NamedTool = ToolMode.NONE
    parallel_tool_calls: bool = False
    response_schema: JsonObject | None = None

    def __post_init__(self) -> None:
        """Refuse what there is no answer to.

        Raises:
            RefusedInputError: nothing has been said.

        """
        if not self.messages:
            raise RefusedInputError("`messages` must hold one message at least")
