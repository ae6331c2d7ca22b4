"""Body of a chat, and of its answer."""

from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, StrictBool, Tag, model_validator

from control_plane.catalog import Router
from gateway.apis.opengatellm.schemas.answers import InferenceUsage
from gateway.apis.opengatellm.schemas.search import SearchArgs, SearchTool
from gateway.serving.inference.upstream_chat import text_of

SEARCH = "search"


def _kind(tool: Any) -> str:
    kind = tool.get("type") if isinstance(tool, dict) else getattr(tool, "type", None)
    return SEARCH if kind == SEARCH else "other"


Message = dict[str, Any]
Tool = Annotated[
    Annotated[SearchTool, Tag(SEARCH)] | Annotated[dict[str, Any], Tag("other")], Discriminator(_kind)
]

DEPRECATED: dict[str, JsonValue] = {"deprecated": True}

UNKNOWN_LENGTH = 8192
"""Tokens that an answer is taken to have at most where neither caller nor model sets a bound."""


class ChatBody(BaseModel):
    """A conversation, and how it goes on. Fields that are not listed reach the model's provider.

    Numbers have no ranges here: those of the model or its provider hold.
    """

    model_config = ConfigDict(extra="allow")

    messages: Annotated[list[Message], Field(min_length=1)] = Field(
        description="The conversation so far, as in OpenAI's API.",
        examples=[[{"role": "user", "content": "How many rows of oars has a trireme?"}]],
    )
    model: str = Field(description="Name or alias of a model.", examples=["smollm2"])
    frequency_penalty: float | None = 0
    logit_bias: dict[str, float] | None = Field(None, description="By token id, -100 to 100.")
    logprobs: bool | None = False
    top_logprobs: int | None = None
    presence_penalty: float | None = 0
    max_completion_tokens: int | None = Field(None, examples=[64])
    n: int | None = 1
    response_format: Any | None = None
    seed: int | None = None
    stop: str | list[str] | None = Field(default_factory=list)
    stream: StrictBool | None = Field(False, description="Answer with server-sent events.")
    stream_options: Any | None = None
    temperature: float | None = 0.7
    top_p: float | None = 1
    tools: list[Tool] | None = None
    tool_choice: Any = Field(None, description="`auto` where tools are given, otherwise `none`.")
    parallel_tool_calls: bool | None = False
    user: str | None = None
    search: bool | None = Field(
        False, json_schema_extra=DEPRECATED, description="Use a tool of type `search` instead."
    )
    search_args: SearchArgs | None = Field(None, json_schema_extra=DEPRECATED)

    @model_validator(mode="after")
    def _search_knows_what(self) -> Self:
        if self.search and self.search_args is None:
            raise ValueError("search_args is required with search")
        return self

    def search_tool(self) -> SearchArgs | None:
        """What is to be searched for the last message, if it says anything."""
        named = next((tool for tool in self.tools or () if isinstance(tool, SearchTool)), None)
        deprecated = self.search_args if self.search else None
        asked = text_of(self.messages[-1].get("content")).strip()
        return (named or deprecated) if asked else None

    def texts(self) -> list[str]:
        """What counts as prompt tokens: the text of all messages."""
        return [text_of(message.get("content")) for message in self.messages]

    def forwarded(self) -> dict[str, Any]:
        """The chat for its model: with all defaults, and without what the gateway itself answers to."""
        body = self.model_dump(exclude={"search", "search_args"})
        tools = [tool for tool in body["tools"] or () if _kind(tool) != SEARCH]
        return {**body, "tools": tools or None}

    def longest(self, router: Router) -> int:
        """Tokens that all choices have together at most."""
        extra = self.model_extra or {}
        asked = self.max_completion_tokens or extra.get("max_tokens")
        one = asked if isinstance(asked, int) else router.max_context_length or UNKNOWN_LENGTH
        return max(one, 0) * max(self.n or 1, 1)


class ChatCompletion(msgspec.Struct, frozen=True, kw_only=True):
    """The next message of a conversation, `n` times; further fields are the provider's own."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: InferenceUsage
    service_tier: str | msgspec.UnsetType | None = msgspec.UNSET
    system_fingerprint: str | msgspec.UnsetType | None = msgspec.UNSET
