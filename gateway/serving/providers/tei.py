"""Hugging Face's text-embeddings-inference: one model a server."""

from typing import Any, ClassVar

import msgspec

from gateway.serving.providers.adapter import Adapter, Operation


class Info(msgspec.Struct, frozen=True):
    """What the server says of its model."""

    model_id: str
    max_input_length: int


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
