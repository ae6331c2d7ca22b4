"""Mistral's API."""

from base64 import b64encode
from typing import Any, ClassVar

import msgspec

from gateway.serving.errors import UnrepresentableError
from gateway.serving.providers.adapter import Adapter, Operation, listed
from gateway.serving.providers.form import Form, Json, Speech

CHAT_FIELDS = frozenset(
    {
        "frequency_penalty", "guardrails", "logprobs", "max_tokens", "messages", "metadata", "min_tokens",
        "model", "n", "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key",
        "prompt_logprobs", "prompt_mode", "random_seed", "reasoning_effort", "repetition_penalty",
        "response_format", "safe_prompt", "service_tier", "stop", "stream", "temperature", "tool_choice",
        "tools", "top_k", "top_logprobs", "top_p", "top_prompt_logprobs",
    }
)  # fmt: skip
"""What its chats may hold; it refuses all else."""

ROLES = {"system", "user", "assistant", "tool"}
RENAMED = {"max_completion_tokens": "max_tokens", "seed": "random_seed"}
INSTRUCTION = "Write down word for word what is said in this recording, and nothing else."


class _Message(msgspec.Struct):
    content: str


class _Choice(msgspec.Struct):
    message: _Message


class _Chat(msgspec.Struct):
    choices: list[_Choice]


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

    def chat(self, body: Json) -> Json:
        """As `Adapter`: its own fields alone, and no nulls; some have other names there."""
        for message in body["messages"]:
            if message.get("role") not in ROLES:
                known = ", ".join(sorted(ROLES))
                raise UnrepresentableError(
                    f"this model's provider knows the roles {known}, not {message.get('role')}"
                )
        sent = {name: value for name, value in super().chat(body).items() if value is not None}
        renamed = {RENAMED[name]: value for name, value in sent.items() if name in RENAMED}
        return renamed | {name: value for name, value in sent.items() if name in CHAT_FIELDS}

    def transcription(self, speech: Speech) -> Form | Json:
        """As `Adapter`: a chat about a recording."""
        language = f" It is spoken in {speech.language}." if speech.language else ""
        content = [
            {"type": "input_audio", "input_audio": b64encode(speech.file.content).decode()},
            {"type": "text", "text": speech.prompt or INSTRUCTION + language},
        ]
        return {"messages": [{"role": "user", "content": content}], "temperature": speech.temperature}

    def transcript(self, answer: Any) -> Any:
        """As `Adapter`: the first choice.

        Raises:
            msgspec.ValidationError: it answered with something else.

        """
        choices = msgspec.convert(answer, _Chat).choices
        return {"id": answer.get("id"), "text": choices[0].message.content if choices else ""}
