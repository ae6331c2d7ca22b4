"""Wires what the inference endpoints under `/v1` work with, and hands it to them by name."""

from litestar.di import Provide

from gateway.apis.opengatellm.inference.chats import Chats
from gateway.dependencies import provided
from gateway.forms import FormReader
from gateway.serving.inference.chats import ModelChat
from gateway.serving.inference.completions import Completions
from gateway.serving.inference.inference import Inference
from gateway.serving.inference.upstream_chat import UpstreamChat
from gateway.serving.providers.upstreams import Upstreams
from gateway.serving.tasks.chat import ChatTask
from gateway.serving.tasks.embedding import EmbeddingTask
from gateway.serving.tasks.generation import GenerationTask
from gateway.serving.tasks.rerank import RerankTask
from gateway.serving.threads import Threads
from gateway.wiring.documents import Reading
from gateway.wiring.runners import ModelRunners


def inference_dependencies(
    inference: Inference,
    upstreams: Upstreams,
    runners: ModelRunners,
    *,
    threads: Threads,
    reading: Reading,
    forms: int,
) -> dict[str, Provide]:
    """Providers for Litestar.

    Args:
        threads: that read the schemas of answers.
        forms: with a file, that may be under way.

    """
    return provided(
        {
            "inference": inference,
            "chats": Chats(
                inference,
                ModelChat(ChatTask(runners.generation, runners.renderer, threads)),
                UpstreamChat(upstreams),
            ),
            "completions": Completions(GenerationTask(runners.generation), upstreams),
            "embedding": EmbeddingTask(runners.text),
            "forms": FormReader(at_once=forms),
            "rerank": RerankTask(runners.text),
            "reading": reading,
            "transcription": runners.transcription,
        }
    )
