"""Body of a response in the sense of OpenAI's `/v1/responses`: a chat in other words."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, Tag, field_validator, model_validator

from gateway.apis.opengatellm.schemas.chat import ChatBody
from gateway.apis.opengatellm.schemas.tagged import by_type
from gateway.validation import SchemaError

SYSTEM = {"system", "developer"}


class InputText(BaseModel):
    """Text of a message."""

    type: Literal["input_text", "output_text", "text"]
    text: str


class InputImage(BaseModel):
    """An image of a message."""

    type: Literal["input_image"]
    image_url: str
    detail: str | None = None


class InputMessage(BaseModel):
    """A turn of the conversation."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[Annotated[InputText | InputImage, Field(discriminator="type")]]

    def message(self) -> dict[str, Any]:
        """As chats have it."""
        role = "system" if self.role in SYSTEM else self.role
        return {"role": role, "content": _content(self.content)}


class CallItem(BaseModel):
    """A call that the model asked for earlier."""

    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str

    def call(self) -> dict[str, Any]:
        """As chats have it."""
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.call_id, "type": "function", "function": function}


class CallOutput(BaseModel):
    """What a call gave."""

    type: Literal["function_call_output"]
    call_id: str
    output: str | list[InputText]

    def message(self) -> dict[str, Any]:
        """As chats have it."""
        return {"role": "tool", "tool_call_id": self.call_id, "content": _content(self.output)}


class ReasoningItem(BaseModel):
    """What the model thought earlier; it is not told to the model again."""

    type: Literal["reasoning"]


Item = Annotated[
    Annotated[InputMessage, Tag("message")]
    | Annotated[CallItem, Tag("function_call")]
    | Annotated[CallOutput, Tag("function_call_output")]
    | Annotated[ReasoningItem, Tag("reasoning")],
    by_type("message"),
]


class FunctionTool(BaseModel):
    """A function that the model may ask for."""

    type: Literal["function"]
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None

    def tool(self) -> dict[str, Any]:
        """As chats have it."""
        return {"type": "function", "function": self.model_dump(exclude={"type"}, exclude_none=True)}


class FunctionChoice(BaseModel):
    """The model has to call this function."""

    type: Literal["function"]
    name: str


class FreeText(BaseModel):
    """Any text."""

    type: Literal["text"] = "text"

    def response_format(self) -> dict[str, Any] | None:
        """As chats have it."""
        return None


class JsonObject(BaseModel):
    """Some JSON object."""

    type: Literal["json_object"]

    def response_format(self) -> dict[str, Any] | None:
        """As chats have it."""
        return {"type": self.type}


class JsonSchema(BaseModel):
    """JSON of a schema."""

    model_config = ConfigDict(extra="allow")

    type: Literal["json_schema"]
    name: str
    definition: dict[str, Any] = Field(alias="schema")

    def response_format(self) -> dict[str, Any] | None:
        """As chats have it."""
        return {"type": self.type, "json_schema": self.model_dump(exclude={"type"}, by_alias=True)}


TextFormat = Annotated[
    Annotated[FreeText, Tag("text")]
    | Annotated[JsonObject, Tag("json_object")]
    | Annotated[JsonSchema, Tag("json_schema")],
    by_type("text"),
]


class TextOptions(BaseModel):
    """What the text of the answer has to be like."""

    format: TextFormat = Field(default_factory=FreeText)


class Reasoning(BaseModel):
    """How much the model is to think."""

    effort: str | None = None


class ResponsesBody(BaseModel):
    """A conversation that is sent whole each time: nothing of it is kept."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(description="Name or alias of a model.", examples=["smollm2"])
    input: str | Annotated[list[Item], Field(min_length=1)] = Field(
        description="A question, or the conversation so far.",
        examples=["How many rows of oars has a trireme?"],
    )
    instructions: str | None = Field(None, description="What the model is told first.")
    max_output_tokens: int | None = Field(None, ge=1, examples=[64])
    temperature: float | None = None
    top_p: float | None = None
    stream: StrictBool | None = Field(False, description="Answer with server-sent events.")
    stream_options: Any | None = None
    tools: list[FunctionTool] | None = None
    tool_choice: Literal["none", "auto", "required"] | FunctionChoice | None = None
    parallel_tool_calls: bool | None = None
    text: TextOptions | None = None
    reasoning: Reasoning | None = None
    metadata: dict[str, str] | None = None
    user: str | None = None
    service_tier: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    store: Literal[False] | None = Field(None, description="Nothing is stored.")
    background: Literal[False] | None = None
    truncation: Literal["disabled"] | None = None
    include: list[Literal["reasoning.encrypted_content"]] | None = Field(
        None, description="There is nothing to be included."
    )
    previous_response_id: str | None = Field(None, description="Not served: nothing is stored.")
    conversation: None = Field(None, description="Not served: nothing is stored.")
    prompt: None = Field(None, description="Not served: nothing is stored.")
    max_tool_calls: None = None
    top_logprobs: Literal[0] | None = None

    @field_validator("input")
    @classmethod
    def _says_something(cls, value: str | list[Item]) -> str | list[Item]:
        if not isinstance(value, str) and all(isinstance(item, ReasoningItem) for item in value):
            raise ValueError("input has thoughts alone, which are not told to the model again")
        return value

    @field_validator("previous_response_id")
    @classmethod
    def _nothing_is_stored(cls, value: str | None) -> None:
        if value is not None:
            raise ValueError("responses are not stored; send the whole conversation as input")

    @model_validator(mode="after")
    def _chosen_from_something(self) -> Self:
        if not self.tools and self.tool_choice not in (None, "none", "auto"):
            raise ValueError("tool_choice needs tools to choose from")
        return self

    def chat(self) -> ChatBody:
        """The same as a chat, whose defaults hold for what is not said."""
        fields = self.model_dump(
            include={"model", "stream", "user", "service_tier", "safety_identifier", "prompt_cache_key"},
            exclude_none=True,
        )
        options = {
            "max_completion_tokens": self.max_output_tokens,
            "parallel_tool_calls": self.parallel_tool_calls,
            "temperature": self.temperature,
            "tool_choice": self._tool_choice(),
            "tools": [tool.tool() for tool in self.tools or ()] or None,
            "top_p": self.top_p,
            "response_format": self.text.format.response_format() if self.text else None,
            "reasoning_effort": self.reasoning.effort if self.reasoning else None,
        }
        said = {name: value for name, value in options.items() if value is not None}
        return ChatBody.model_validate({"messages": self._messages(), **fields, **said})

    def _tool_choice(self) -> str | dict[str, Any] | None:
        if isinstance(self.tool_choice, FunctionChoice):
            return {"type": "function", "function": {"name": self.tool_choice.name}}
        return self.tool_choice

    def _messages(self) -> list[dict[str, Any]]:
        """The conversation; calls that follow each other are one message."""
        messages: list[dict[str, Any]] = []
        if self.instructions is not None:
            messages.append({"role": "system", "content": self.instructions})
        if isinstance(self.input, str):
            return [*messages, {"role": "user", "content": self.input}]
        for item in self.input:
            match item:
                case CallItem():
                    if not messages or messages[-1]["role"] != "assistant":
                        messages.append({"role": "assistant", "content": None})
                    messages[-1].setdefault("tool_calls", []).append(item.call())
                case InputMessage() | CallOutput():
                    messages.append(item.message())
        return messages


def _content(content: Any) -> Any:
    """Content of a message as chats have it: text alone as a string, since all models take that."""
    if isinstance(content, str):
        return content
    if all(isinstance(part, InputText) for part in content):
        return "\n".join(part.text for part in content)
    return [_part(part) for part in content]


def _part(part: InputText | InputImage) -> dict[str, Any]:
    if isinstance(part, InputText):
        return {"type": "text", "text": part.text}
    url = {"url": part.image_url} | ({"detail": part.detail} if part.detail else {})
    return {"type": "image_url", "image_url": url}


CHAT_FIELDS: Mapping[str, tuple[str, ...]] = {
    "max_completion_tokens": ("max_output_tokens",),
    "messages": ("input",),
    "reasoning_effort": ("reasoning", "effort"),
    "response_format": ("text", "format"),
}
"""Where this API has what a chat calls otherwise."""


def in_words_of_responses(error: SchemaError) -> SchemaError:
    """What a model refuses of the chat that a response was made into, by the fields that the caller sent."""
    return SchemaError([{**problem, "loc": _place(problem["loc"])} for problem in error.problems])


def _place(loc: Sequence[str | int]) -> list[str | int]:
    match loc:
        case ["body", str(field), *_] if field in CHAT_FIELDS:
            return ["body", *CHAT_FIELDS[field]]
    return list(loc)
