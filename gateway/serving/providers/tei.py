"""Hugging Face's text-embeddings-inference: one model a server."""

from typing import Any, ClassVar

import msgspec

from gateway.serving.providers.adapter import Adapter, Operation
from gateway.serving.providers.form import Json


class Info(msgspec.Struct, frozen=True):
    """What the server says of its model."""

    model_id: str
    max_input_length: int


class Rank(msgspec.Struct, frozen=True):
    """Score of one text."""

    index: int
    score: float


class TeiAdapter(Adapter):
    """Embeds like OpenAI's API and ranks in its own way."""

    paths: ClassVar = {Operation.EMBEDDINGS: "v1/embeddings", Operation.RERANK: "rerank"}
    listing: ClassVar = "info"

    def context_length(self, listing: Any, model_name: str) -> int | None:
        """As `Adapter`."""
        info = msgspec.convert(listing, Info)
        if info.model_id != model_name:
            raise LookupError(f"the server has the model {info.model_id}")
        return info.max_input_length

    def rerank(self, body: Json) -> Json:
        """As `Adapter`, in the server's own words; it ranks all texts."""
        return {
            "query": body["query"],
            "texts": body["documents"],
            "raw_scores": False,
            "return_text": False,
            "truncate": False,
            "truncation_direction": "right",
        }

    def ranking(self, answer: Any) -> Any:
        """As `Adapter`.

        Raises:
            msgspec.ValidationError: it answered with something else.

        """
        ranks = msgspec.convert(answer, list[Rank])
        return {"results": [{"index": rank.index, "relevance_score": rank.score} for rank in ranks]}
