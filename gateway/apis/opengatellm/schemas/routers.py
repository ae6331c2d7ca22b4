"""Bodies of routers."""

from typing import Annotated, Any, Literal, Self

import msgspec
from msgspec import UNSET
from pydantic import BaseModel, Field, StringConstraints

from control_plane.routers.kinds import LoadBalancing, RouterType
from control_plane.routers.schemas import NewRouter, RouterPatch, RouterView
from gateway.apis.opengatellm.schemas.fields import WITHOUT_NUL, Id, Money, Name, seconds

Alias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=WITHOUT_NUL)
]
Aliases = Annotated[list[Alias], Field(max_length=1000)]


class RouterPath(BaseModel):
    """Which router."""

    router: Id = Field(description="Id of the router.")


class CreateRouter(BaseModel):
    """A router to be made."""

    name: Name = Field(description="What callers name; no other router's name or alias.", examples=["chat"])
    type: RouterType = Field(description="What callers use it for.", examples=["text-generation"])
    aliases: Aliases = Field([], description="Other names of it.", examples=[["chat-latest"]])
    load_balancing_strategy: LoadBalancing = LoadBalancing.SHUFFLE
    cost_prompt_tokens: Money = Field(0.0, description="Price of a million tokens read.")
    cost_completion_tokens: Money = Field(0.0, description="Price of a million tokens written.")

    def new(self) -> NewRouter:
        """As the control plane takes it."""
        return NewRouter(
            name=self.name,
            type=self.type,
            aliases=tuple(self.aliases),
            load_balancing=self.load_balancing_strategy,
            prompt_price=self.cost_prompt_tokens,
            completion_price=self.cost_completion_tokens,
        )


class UpdateRouter(BaseModel):
    """What shall change: given aliases replace the old ones, absent or null leaves a field."""

    name: Name | None = None
    type: RouterType | None = None
    aliases: Aliases | None = Field(None, examples=[["assistant"]])
    load_balancing_strategy: LoadBalancing | None = None
    cost_prompt_tokens: Money | None = None
    cost_completion_tokens: Money | None = None

    def patch(self) -> RouterPatch:
        """As the control plane takes it."""
        given: dict[str, Any] = {
            "name": self.name,
            "type": self.type,
            "aliases": None if self.aliases is None else tuple(self.aliases),
            "load_balancing": self.load_balancing_strategy,
            "prompt_price": self.cost_prompt_tokens,
            "completion_price": self.cost_completion_tokens,
        }
        return RouterPatch(**{name: UNSET if value is None else value for name, value in given.items()})


class CreatedRouter(msgspec.Struct, frozen=True, kw_only=True):
    """A router that was made."""

    id: int
    name: str
    type: RouterType
    aliases: list[str]
    load_balancing_strategy: LoadBalancing
    cost_prompt_tokens: float
    cost_completion_tokens: float

    @classmethod
    def of(cls, view: RouterView) -> Self:
        """As this API shows it."""
        return cls(
            id=view.id,
            name=view.name,
            type=view.type,
            aliases=view.aliases,
            load_balancing_strategy=view.load_balancing,
            cost_prompt_tokens=view.prompt_price,
            cost_completion_tokens=view.completion_price,
        )


class RouterBody(msgspec.Struct, frozen=True, kw_only=True):
    """A router, with the number of its providers and what the first of them is capable of."""

    object: Literal["router"] = "router"
    id: int
    name: str
    user_id: int
    type: RouterType
    aliases: list[str]
    load_balancing_strategy: LoadBalancing
    vector_size: int | None
    max_context_length: int | None
    cost_prompt_tokens: float
    cost_completion_tokens: float
    providers: int
    created: int
    updated: int

    @classmethod
    def of(cls, view: RouterView) -> Self:
        """As this API shows it."""
        return cls(
            id=view.id,
            name=view.name,
            user_id=view.user_id,
            type=view.type,
            aliases=view.aliases,
            load_balancing_strategy=view.load_balancing,
            vector_size=view.vector_size,
            max_context_length=view.max_context_length,
            cost_prompt_tokens=view.prompt_price,
            cost_completion_tokens=view.completion_price,
            providers=view.providers,
            created=seconds(view.created_at),
            updated=seconds(view.updated_at),
        )


class RouterList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of routers, and how many there are in all."""

    object: Literal["list"] = "list"
    total: int
    offset: int
    limit: int
    data: list[RouterBody]
