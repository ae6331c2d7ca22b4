"""A chat as models on Triton take it: every field is heeded, or refused by its name."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from gateway.apis.opengatellm.schemas.sampling import SamplingBody
from gateway.serving.chat.messages import Conversation, Message, NamedTool, Role, Tool, ToolCall, ToolMode
from gateway.serving.chat.options import MOST

TEMPERATURE = 0.7


class TextPart(BaseModel):
    """A part of a message; models on Triton read text alone."""

    type: Literal["text"]
    text: str


class FunctionCall(BaseModel):
    """A function and what it was called with."""

    name: str
    arguments: str


class CallBody(BaseModel):
    """A call that the model asked for earlier."""

    id: str
    type: Literal["function"] = "function"
    function: FunctionCall


class MessageBody(BaseModel):
    """A turn of the conversation."""

    role: Role
    content: str | list[TextPart] | None = None
    name: str | None = None
    tool_calls: list[CallBody] | None = None
    tool_call_id: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.content is None and not self.tool_calls:
            raise ValueError("content is required in a message without tool_calls")
        return self

    def message(self) -> Message:
        """As tasks take it."""
        content = self.content
        if isinstance(content, list):
            content = "\n".join(part.text for part in content)
        calls = [
            ToolCall(call.id, call.function.name, call.function.arguments) for call in self.tool_calls or ()
        ]
        return Message(self.role, content, self.name, tuple(calls), self.tool_call_id)


class Function(BaseModel):
    """What a function is for, and the JSON schema of its arguments."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class ToolBody(BaseModel):
    """A function that the model may ask for."""

    type: Literal["function"]
    function: Function

    def tool(self) -> Tool:
        """As tasks take it."""
        function = self.function
        parameters = function.parameters or {"type": "object", "properties": {}}
        return Tool(function.name, function.description or "", parameters)


class FunctionName(BaseModel):
    """A function by its name."""

    name: str


class NamedChoice(BaseModel):
    """The model has to call this function."""

    type: Literal["function"]
    function: FunctionName


class FreeFormat(BaseModel):
    """Any text."""

    type: Literal["text"]


class ObjectFormat(BaseModel):
    """Some JSON object."""

    type: Literal["json_object"]


class SchemaOf(BaseModel):
    """A JSON schema and its name."""

    name: str
    definition: dict[str, Any] = Field(alias="schema")


class SchemaFormat(BaseModel):
    """JSON of a schema."""

    type: Literal["json_schema"]
    json_schema: SchemaOf


Format = Annotated[FreeFormat | ObjectFormat | SchemaFormat, Field(discriminator="type")]


class ConversationBody(SamplingBody):
    """What models on Triton heed; the fields of the last group change nothing about the answer."""

    messages: list[MessageBody]
    tools: list[ToolBody] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: Format | None = None

    logprobs: bool | None = None
    top_logprobs: int | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=MOST)] | None = None

    model: str
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    user: str | None = None
    metadata: Any = None
    store: bool | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    safety_identifier: str | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("top_logprobs needs logprobs to be true")
        if not self.tools and self.tool_choice not in (None, "none", "auto"):
            raise ValueError("tool_choice needs tools to choose from")
        return self

    def conversation(self) -> Conversation:
        """As tasks take it.

        Raises:
            RefusedInputError: a number is out of its range.

        """
        most = self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens
        return Conversation(
            messages=tuple(message.message() for message in self.messages),
            options=self.sampled(
                temperature=TEMPERATURE,
                max_tokens=most,
                top_logprobs=(self.top_logprobs or 0) if self.logprobs else None,
            ),
            tools=tuple(tool.tool() for tool in self.tools or ()),
            tool_choice=self._tool_choice(),
            parallel_tool_calls=bool(self.parallel_tool_calls),
            response_schema=self._schema(),
        )

    def _tool_choice(self) -> ToolMode | NamedTool:
        match self.tool_choice:
            case NamedChoice(function=function):
                return NamedTool(function.name)
            case None:
                return ToolMode.AUTO if self.tools else ToolMode.NONE
            case mode:
                return ToolMode(mode) if self.tools else ToolMode.NONE

    def _schema(self) -> dict[str, Any] | None:
        match self.response_format:
            case SchemaFormat(json_schema=schema):
                return schema.definition
            case ObjectFormat():
                return {"type": "object"}
        return None
