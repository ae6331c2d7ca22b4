"""Bodies of keys, which administrators call tokens."""

from typing import Literal, Self

import msgspec
from pydantic import BaseModel, Field

from control_plane.accounts.schemas import TokenView
from gateway.apis.opengatellm.schemas.fields import FutureSeconds, Id, Name, seconds, seconds_or_none
from gateway.apis.opengatellm.schemas.pages import KeyPageQuery


class TokenPath(BaseModel):
    """Which token."""

    token: Id = Field(description="Id of the token.")


class KeyPath(BaseModel):
    """Which key."""

    key: Id = Field(description="Id of the key.")


class TokensQuery(KeyPageQuery):
    """Which tokens."""

    user: Id | None = Field(None, description="Only this user's.")


class CreateKey(BaseModel):
    """A key to be made for the caller."""

    name: Name = Field(description="What it is for; need not be unique.", examples=["laptop"])
    expires: FutureSeconds | None = Field(None, description="Unix time; null is never.", examples=[None])


class CreateToken(CreateKey):
    """A key to be made for a user."""

    user: Id = Field(description="Id of the user.", examples=[1])


class CreatedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new key, in full for the only time."""

    id: int
    token: str


class CreatedOwnKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new key, in full for the only time, under both names that clients read."""

    id: int
    key: str
    token: str


class TokenBody(msgspec.Struct, frozen=True, kw_only=True):
    """A key of any user; `token` shows its ends."""

    object: Literal["token"] = "token"
    id: int
    name: str
    token: str
    user: int
    expires: int | None
    created: int

    @classmethod
    def of(cls, view: TokenView) -> Self:
        """As administrators see it."""
        return cls(
            id=view.id,
            name=view.name,
            token=view.token,
            user=view.user,
            expires=seconds_or_none(view.expires_at),
            created=seconds(view.created_at),
        )


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of keys of any user."""

    object: Literal["list"] = "list"
    data: list[TokenBody]


class KeyBody(msgspec.Struct, frozen=True, kw_only=True):
    """A key of the caller; `token` shows its ends."""

    object: Literal["key"] = "key"
    id: int
    name: str
    token: str
    expires: int | None
    created: int

    @classmethod
    def of(cls, view: TokenView) -> Self:
        """As its owner sees it."""
        return cls(
            id=view.id,
            name=view.name,
            token=view.token,
            expires=seconds_or_none(view.expires_at),
            created=seconds(view.created_at),
        )


class KeyList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the caller's keys."""

    object: Literal["list"] = "list"
    data: list[KeyBody]
