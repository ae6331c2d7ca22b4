"""Texts continued or answered: the generation task."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

from control_plane.catalog import Provider
from gateway.serving.generation.model import GenerationModel, generation_head
from gateway.serving.generation.results import Chunk, Generated, GenerationParameters
from model_repository.heads import GenerationHead
from model_repository.manifest import Task

Choose = Callable[[GenerationHead], GenerationParameters]
"""Parameters for a model: an API's defaults may depend on what the model is."""


@dataclass(frozen=True, slots=True)
class Generations:
    """Answers to several texts.

    Attributes:
        continues: the answers continue the texts; without it they stand by themselves.
        answers: by text; `num_return_sequences` each.

    """

    continues: bool
    answers: list[list[Generated]]


class GenerationTask:
    """Prompts as the caller wrote them."""

    def __init__(self, model: GenerationModel) -> None:
        self._model = model

    async def run(self, provider: Provider, texts: Sequence[str], choose: Choose) -> Generations:
        """Generate from each text; see `GenerationModel.run`."""
        graph = provider.graph(Task.TEXT_GENERATION)
        head = generation_head(graph)
        answers = await self._model.run(provider, graph, texts, choose(head))
        return Generations(not head.encoder_decoder, answers)

    def stream(self, provider: Provider, text: str, choose: Choose) -> AsyncGenerator[Chunk, None]:
        """Generate from one text, chunk by chunk; see `GenerationModel.stream`."""
        graph = provider.graph(Task.TEXT_GENERATION)
        return self._model.stream(provider, graph, text, choose(generation_head(graph)))


def longest_answer(provider: Provider, choose: Choose) -> int:
    """Tokens that the answers to one text take at most."""
    sampling = choose(generation_head(provider.graph(Task.TEXT_GENERATION))).sampling
    return sampling.max_new_tokens * sampling.num_return_sequences
