"""Bodies of models as their callers see them."""

from typing import Annotated, Literal, Self

import msgspec
from pydantic import AfterValidator, BaseModel, Field

from control_plane.catalog import Router
from control_plane.routers.kinds import RouterType

OWNER = "Trireme"
"""Who owns the models of nobody's organization."""


def _name(path: str) -> str:
    """The framework gives the rest of a path with the slash before it."""
    return path.removeprefix("/")


class ModelPath(BaseModel):
    """Which model."""

    model: Annotated[str, AfterValidator(_name)] = Field(description="Name or alias; it may contain slashes.")


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of a million tokens."""

    prompt_tokens: float
    completion_tokens: float


class ModelBody(msgspec.Struct, frozen=True, kw_only=True):
    """A model that the caller may use."""

    object: Literal["model"] = "model"
    id: str
    type: RouterType
    aliases: list[str]
    created: int
    owned_by: str
    max_context_length: int | None
    costs: Costs

    @classmethod
    def of(cls, router: Router) -> Self:
        """As this API shows it."""
        assert router.type is not None
        return cls(
            id=router.name,
            type=router.type,
            aliases=list(router.aliases),
            created=int(router.created_at),
            owned_by=router.owned_by or OWNER,
            max_context_length=router.max_context_length,
            costs=Costs(prompt_tokens=router.prompt_price, completion_tokens=router.completion_price),
        )


class ModelList(msgspec.Struct, frozen=True, kw_only=True):
    """All models that the caller may use, by the ids of their routers."""

    object: Literal["list"] = "list"
    data: list[ModelBody]
