"""What differs from one kind of upstream to the next: its paths, and how it tells which models it has."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

import msgspec


class Operation(StrEnum):
    """What an upstream is asked to do."""

    CHAT = "chat"
    EMBEDDINGS = "embeddings"
    TRANSCRIPTION = "transcription"
    OCR = "ocr"
    RERANK = "rerank"


class Adapter(ABC):
    """One kind of upstream.

    Attributes:
        paths: path below the provider's URL by operation; a missing one is not offered.
        listing: path that tells which models it has.

    """

    paths: ClassVar[Mapping[Operation, str]]
    listing: ClassVar[str] = "v1/models"

    @abstractmethod
    def context_length(self, listing: Any, model_name: str) -> int | None:
        """Most tokens that the model takes, None where the upstream does not tell.

        Args:
            listing: JSON that the listing path answered.

        Raises:
            LookupError: it does not have the model, or not just once.
            msgspec.ValidationError: the JSON is not what such an upstream answers.

        """


class ListedModel(msgspec.Struct, frozen=True):
    """A model as OpenAI-compatible upstreams list it, with what some of them add."""

    id: str
    aliases: list[str] | None = None
    max_context_length: int | None = None
    max_model_len: int | None = None


class ModelListing(msgspec.Struct, frozen=True):
    """What such upstreams answer."""

    data: list[ListedModel]


def listed(listing: Any, model_name: str, *, by_alias: bool = False) -> ListedModel:
    """The one model of that name.

    Raises:
        LookupError: there is none, or more than one.
        msgspec.ValidationError: not a listing.

    """
    models = msgspec.convert(listing, ModelListing).data
    found = [
        model
        for model in models
        if model.id == model_name or (by_alias and model_name in (model.aliases or ()))
    ]
    if len(found) != 1:
        raise LookupError(f"{len(found)} models are called {model_name}")
    return found[0]
