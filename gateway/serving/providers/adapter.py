"""What differs from one kind of upstream to the next: paths, bodies, and how it tells which models it has."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

import msgspec

from gateway.serving.providers.form import Form, Json, Speech


class Operation(StrEnum):
    """What an upstream is asked to do."""

    CHAT = "chat"
    COMPLETION = "completion"
    EMBEDDINGS = "embeddings"
    TRANSCRIPTION = "transcription"
    OCR = "ocr"
    RERANK = "rerank"


class Adapter(ABC):
    """One kind of upstream: bodies on their way to it, answers on their way back.

    Most upstreams take the bodies of the API as they are; a kind overrides what it wants otherwise. Whoever
    calls puts the provider's own name of the model into the body.

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

    def chat(self, body: Json) -> Json:
        """Body of a chat; tools may be used unless that is forbidden.

        Raises:
            UnrepresentableError: it holds what such upstreams do not know.

        """
        chosen = body.get("tool_choice") or ("auto" if body.get("tools") else "none")
        return {**body, "tool_choice": chosen}

    def embeddings(self, body: Json) -> Json:
        """Body of a request for vectors."""
        return {name: value for name, value in body.items() if name != "dimensions" or value is not None}

    def rerank(self, body: Json) -> Json:
        """Body of a request for a ranking: `query`, `documents`, `top_n`."""
        return body

    def ranking(self, answer: Any) -> Any:
        """What it answered to that, as the API does: an object with `results`."""
        return answer

    def transcription(self, speech: Speech) -> Form | Json:
        """Body of a request for a transcription that answers with JSON."""
        fields = {
            "language": speech.language,
            "prompt": speech.prompt,
            "response_format": "json",
            "temperature": str(speech.temperature),
        }
        return Form(fields, speech.file)

    def transcript(self, answer: Any) -> Any:
        """What it answered to that: an object with `text`."""
        return answer

    def ocr(self, body: Json) -> Json:
        """Body of a request for the text of a document."""
        return body


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
