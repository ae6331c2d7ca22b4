"""Mistral's API."""

from typing import Any, ClassVar

from gateway.serving.providers.adapter import Adapter, Operation, listed


class MistralAdapter(Adapter):
    """Speech goes through its chat."""

    paths: ClassVar = {
        Operation.CHAT: "v1/chat/completions",
        Operation.EMBEDDINGS: "v1/embeddings",
        Operation.TRANSCRIPTION: "v1/chat/completions",
        Operation.OCR: "v1/ocr",
    }

    def context_length(self, listing: Any, model_name: str) -> int | None:
        """As `Adapter`."""
        return listed(listing, model_name).max_context_length
