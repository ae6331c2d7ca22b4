"""Albert, the API that OpenGateLLM itself and Trireme speak."""

from typing import Any, ClassVar

from gateway.serving.providers.adapter import Adapter, Operation, listed
from gateway.serving.providers.form import Json


class AlbertAdapter(Adapter):
    """Models may be named by their aliases."""

    paths: ClassVar = {
        Operation.CHAT: "v1/chat/completions",
        Operation.COMPLETION: "v1/completions",
        Operation.EMBEDDINGS: "v1/embeddings",
        Operation.TRANSCRIPTION: "v1/audio/transcriptions",
        Operation.OCR: "v1/ocr",
        Operation.RERANK: "v1/rerank",
    }

    def embeddings(self, body: Json) -> Json:
        """As `Adapter`; its reference takes no other format than numbers."""
        return {**super().embeddings(body), "encoding_format": "float"}

    def context_length(self, listing: Any, model_name: str) -> int | None:
        """As `Adapter`."""
        return listed(listing, model_name, by_alias=True).max_context_length
