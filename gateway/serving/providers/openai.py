"""OpenAI's API."""

from dataclasses import replace
from typing import Any, ClassVar

from gateway.serving.providers.adapter import Adapter, Operation, listed
from gateway.serving.providers.form import Form, Json, Speech

ONLY_WITH_TOOLS = ("tool_choice", "parallel_tool_calls")


class OpenAIAdapter(Adapter):
    """Tells no context length of its own; servers that speak its API may."""

    paths: ClassVar = {
        Operation.CHAT: "v1/chat/completions",
        Operation.COMPLETION: "v1/completions",
        Operation.EMBEDDINGS: "v1/embeddings",
        Operation.TRANSCRIPTION: "v1/audio/transcriptions",
    }

    def context_length(self, listing: Any, model_name: str) -> int | None:
        """As `Adapter`."""
        return listed(listing, model_name).max_context_length

    def chat(self, body: Json) -> Json:
        """As `Adapter`; it refuses nulls in some fields, and words about tools where there are none."""
        sent = {name: value for name, value in super().chat(body).items() if value is not None}
        if "tools" in sent:
            return sent
        return {name: value for name, value in sent.items() if name not in ONLY_WITH_TOOLS}

    def transcription(self, speech: Speech) -> Form | Json:
        """As `Adapter`; a language that is left out is found out, an empty one refused."""
        form = super().transcription(speech)
        assert isinstance(form, Form)
        return replace(form, fields={name: value for name, value in form.fields.items() if value})
