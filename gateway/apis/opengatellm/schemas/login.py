"""Bodies of the login."""

from typing import Annotated

import msgspec
from pydantic import BaseModel, Field, StringConstraints

from gateway.apis.opengatellm.schemas.fields import WITHOUT_NUL, Name

GivenPassword = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1024, pattern=WITHOUT_NUL)
]
"""As typed; it may also be the root key, which is longer than passwords may be."""


class Login(BaseModel):
    """Who logs in."""

    email: Name = Field(examples=["ann@example.org"])
    password: GivenPassword = Field(examples=["correct horse battery staple"])


class LoggedIn(msgspec.Struct, frozen=True, kw_only=True):
    """The account (0 is the root account) and a key for the session."""

    id: int
    key: str
