"""OpenAI's API."""

from typing import Any, ClassVar

from gateway.serving.providers.adapter import Adapter, Operation, listed


class OpenAIAdapter(Adapter):
    """Tells no context length of its own; servers that speak its API may."""

    paths: ClassVar = {
        Operation.CHAT: "v1/chat/completions",
        Operation.EMBEDDINGS: "v1/embeddings",
        Operation.TRANSCRIPTION: "v1/audio/transcriptions",
    }

    def context_length(self, listing: Any, model_name: str) -> int | None:
        """As `Adapter`."""
        return listed(listing, model_name).max_context_length
