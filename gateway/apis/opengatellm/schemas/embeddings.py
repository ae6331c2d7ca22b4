"""Body of a request for embeddings, and of its answer."""

from typing import Annotated, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from gateway.apis.opengatellm.schemas.answers import InferenceUsage

MAX_INPUTS = 2048
"""Texts, or rows of tokens, of one request: as many as OpenAI's API takes."""

Text = Annotated[str, Field(min_length=1)]
Tokens = Annotated[
    list[Annotated[int, Field(strict=True, ge=0)]], Field(min_length=1, max_length=65_536, fail_fast=True)
]


def _kind(value: object) -> str:
    """Which of the kinds of input a value was meant to be, so that only its rules are told."""
    if not isinstance(value, list):
        return "text"
    first = value[0] if value else ""
    if isinstance(first, list):
        return "rows"
    return "tokens" if isinstance(first, int) else "texts"


Input = Annotated[
    Annotated[Text, Tag("text")]
    | Annotated[list[Text], Field(min_length=1, max_length=MAX_INPUTS, fail_fast=True), Tag("texts")]
    | Annotated[Tokens, Tag("tokens")]
    | Annotated[list[Tokens], Field(min_length=1, max_length=MAX_INPUTS, fail_fast=True), Tag("rows")],
    Discriminator(_kind),
]


class EmbeddingsBody(BaseModel):
    """Texts to be turned into vectors. Fields that are not listed reach the model's provider."""

    model_config = ConfigDict(extra="allow")

    input: Input = Field(
        description=f"A text, a list of up to {MAX_INPUTS} of them, or the same as tokens of the model.",
        examples=["How many rows of oars has a trireme?"],
    )
    model: str = Field(min_length=1, description="Name or alias of a model.", examples=["all-minilm-l6-v2"])
    dimensions: int | None = Field(
        None, ge=1, description="Numbers that are kept of each vector, where the model allows that."
    )
    encoding_format: Literal["float", "base64"] | None = Field(
        "float", description="`base64` for the bytes of little-endian float32."
    )

    def texts(self) -> list[str]:
        """The inputs that are texts."""
        each = [self.input] if isinstance(self.input, str) else self.input
        return [text for text in each if isinstance(text, str)]

    def rows(self) -> list[list[int]]:
        """The inputs that are tokens; none where they are texts."""
        each = [] if isinstance(self.input, str) else self.input
        one = [token for token in each if isinstance(token, int)]
        return [one] if one else [row for row in each if isinstance(row, list)]


class LocalFields(BaseModel):
    """What Mistral's API has beside, as models on Triton heed it; providers get it as it came."""

    output_dimension: int | None = Field(None, ge=1)
    output_dtype: Literal["float"] | None = None


class Embedding(msgspec.Struct, frozen=True, kw_only=True):
    """A vector: numbers, or base64 of their bytes."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingList(msgspec.Struct, frozen=True, kw_only=True):
    """Vectors in the order of the inputs."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: InferenceUsage
    id: str
