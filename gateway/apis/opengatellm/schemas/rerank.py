"""Body of a request for a ranking, and of its answer."""

from typing import Annotated, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.apis.opengatellm.schemas.answers import InferenceUsage

MAX_DOCUMENTS = 1024
"""Documents of one request: the model reads each of them together with the query."""

Trimmed = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class RerankBody(BaseModel):
    """A query, and what is ranked by it. Fields that are not listed reach the model's provider."""

    model_config = ConfigDict(extra="allow")

    query: Trimmed = Field(description="What is looked for.", examples=["How many people live in Berlin?"])
    documents: Annotated[list[Trimmed], Field(min_length=1, max_length=MAX_DOCUMENTS, fail_fast=True)] = (
        Field(
            description=f"1 to {MAX_DOCUMENTS} texts.",
            examples=[["Berlin has 3.7 million inhabitants.", "Berlin is known for its museums."]],
        )
    )
    model: str = Field(
        min_length=1, description="Name or alias of a model.", examples=["ms-marco-minilm-l-12"]
    )
    top_n: int | None = Field(None, ge=1, description="How many of the best to answer with; all by default.")


class RankedDocument(msgspec.Struct, frozen=True):
    """A document by its position in the request; a higher score is better."""

    relevance_score: float
    index: int


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """The documents, the best first."""

    object: Literal["list"] = "list"
    id: str
    results: list[RankedDocument]
    model: str
    usage: InferenceUsage
