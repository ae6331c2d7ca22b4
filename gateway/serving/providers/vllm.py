"""vLLM's OpenAI-compatible server."""

from dataclasses import replace
from typing import Any, ClassVar

from gateway.serving.providers.adapter import Adapter, Operation, listed
from gateway.serving.providers.form import Form, Json, Speech

DEFAULT_LANGUAGE = "en"


class VllmAdapter(Adapter):
    """Tells the length that it was started with."""

    paths: ClassVar = {
        Operation.CHAT: "v1/chat/completions",
        Operation.COMPLETION: "v1/completions",
        Operation.EMBEDDINGS: "v1/embeddings",
        Operation.TRANSCRIPTION: "v1/audio/transcriptions",
        Operation.RERANK: "v2/rerank",
    }

    def context_length(self, listing: Any, model_name: str) -> int | None:
        """As `Adapter`."""
        return listed(listing, model_name).max_model_len

    def transcription(self, speech: Speech) -> Form | Json:
        """As `Adapter`; it wants to be told a language."""
        return super().transcription(replace(speech, language=speech.language or DEFAULT_LANGUAGE))
