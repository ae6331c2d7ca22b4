"""What is to be looked for, and where: the arguments of a search."""

from typing import Annotated, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from gateway.apis.opengatellm.schemas.fields import Id

MOST_COLLECTIONS = 100


class Comparison(BaseModel):
    """A rule for one key of a chunk's metadata."""

    key: str
    type: Literal["eq", "sw", "ew", "co"]
    value: str | int | float | bool


class CompoundFilter(BaseModel):
    """Several rules that hold together, or of which one does."""

    filters: Annotated[list[Comparison], Field(min_length=2, max_length=4)]
    operator: Literal["and", "or"]


class SearchArgs(BaseModel):
    """Where to search, and how."""

    model_config = ConfigDict(populate_by_name=True)

    collection_ids: Annotated[list[Id], Field(max_length=MOST_COLLECTIONS)] = Field(
        default_factory=list, validation_alias=AliasChoices("collection_ids", "collections")
    )
    document_ids: list[Id] = Field(default_factory=list)
    metadata_filters: Comparison | CompoundFilter | None = None
    limit: int = Field(10, ge=1, le=100)
    offset: int = Field(0, ge=0)
    method: Literal["semantic", "lexical", "hybrid"] = "semantic"
    rff_k: int = Field(60, ge=0, le=16384)
    score_threshold: float = Field(0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _threshold(self) -> Self:
        if self.score_threshold > 0 and self.method != "semantic":
            raise ValueError("Score threshold is only available for semantic search method")
        return self


class SearchTool(SearchArgs):
    """A search as one of the tools of a chat."""

    type: Literal["search"] = "search"
