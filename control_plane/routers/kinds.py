"""What kinds of routers and providers there are, and which of them go together. Plain types, no ORM."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from model_repository.manifest import Task


class RouterType(StrEnum):
    """What callers of the OpenAI-compatible API use a router for."""

    SPEECH_RECOGNITION = "automatic-speech-recognition"
    IMAGE_TEXT_TO_TEXT = "image-text-to-text"
    IMAGE_TO_TEXT = "image-to-text"
    EMBEDDING = "text-embeddings-inference"
    TEXT_GENERATION = "text-generation"
    TEXT_CLASSIFICATION = "text-classification"


class LoadBalancing(StrEnum):
    """How a router chooses among its providers."""

    SHUFFLE = "shuffle"
    LEAST_BUSY = "least_busy"


class ProviderKind(StrEnum):
    """Whose API a provider speaks."""

    ALBERT = "albert"
    OPENAI = "openai"
    MISTRAL = "mistral"
    TEI = "tei"
    VLLM = "vllm"
    TRITON = "triton"


class QosMetric(StrEnum):
    """What a provider's quality of service is measured by."""

    TTFT = "ttft"
    LATENCY = "latency"
    INFLIGHT = "inflight"
    PERFORMANCE = "performance"


DEFAULT_URLS: Mapping[ProviderKind, str] = {
    ProviderKind.ALBERT: "https://albert.api.etalab.gouv.fr/",
    ProviderKind.OPENAI: "https://api.openai.com/",
    ProviderKind.MISTRAL: "https://api.mistral.ai/",
}
"""Where the kinds that are services on the internet live."""

_CHAT = frozenset(
    {
        ProviderKind.ALBERT,
        ProviderKind.MISTRAL,
        ProviderKind.OPENAI,
        ProviderKind.VLLM,
    }
)
_KINDS: Mapping[RouterType, frozenset[ProviderKind]] = {
    RouterType.TEXT_GENERATION: _CHAT | {ProviderKind.TRITON},
    RouterType.IMAGE_TEXT_TO_TEXT: _CHAT,
    RouterType.SPEECH_RECOGNITION: _CHAT | {ProviderKind.TRITON},
    RouterType.EMBEDDING: frozenset(
        {
            ProviderKind.ALBERT,
            ProviderKind.OPENAI,
            ProviderKind.TEI,
            ProviderKind.VLLM,
            ProviderKind.TRITON,
        }
    ),
    RouterType.TEXT_CLASSIFICATION: frozenset(
        {ProviderKind.ALBERT, ProviderKind.TEI, ProviderKind.VLLM, ProviderKind.TRITON}
    ),
    RouterType.IMAGE_TO_TEXT: frozenset({ProviderKind.MISTRAL, ProviderKind.TRITON}),
}

_TYPES: tuple[tuple[RouterType, frozenset[Task]], ...] = (
    (RouterType.TEXT_GENERATION, frozenset({Task.TEXT_GENERATION, Task.SUMMARISATION, Task.EMOTION})),
    (RouterType.EMBEDDING, frozenset({Task.EMBEDDING, Task.IMAGE_EMBEDDING})),
    (
        RouterType.TEXT_CLASSIFICATION,
        frozenset(
            {Task.TEXT_CLASSIFICATION, Task.TOKEN_CLASSIFICATION, Task.QUESTION_ANSWERING, Task.RERANK}
        ),
    ),
    (RouterType.IMAGE_TO_TEXT, frozenset({Task.IMAGE_CLASSIFICATION, Task.OCR})),
    (RouterType.SPEECH_RECOGNITION, frozenset({Task.TRANSCRIPTION})),
)
"""The type that comes nearest to each task, the one that a model of several tasks is known by first."""


def goes_with(kind: ProviderKind, router_type: RouterType) -> bool:
    """Whether providers of that kind can answer for routers of that type."""
    return kind in _KINDS[router_type]


def type_of(tasks: Collection[Task]) -> RouterType | None:
    """Type of a model of these tasks; None while it is not known what the model does."""
    return next((router_type for router_type, some in _TYPES if not some.isdisjoint(tasks)), None)


def tasks_of(router_type: RouterType) -> frozenset[Task]:
    """Tasks that a router of this type may have a model for."""
    return dict(_TYPES).get(router_type, frozenset())
