"""The one way from a model's name to its answer: name, router, meter, provider, task, batch, Triton.

Every API takes it.

Each method raises ModelNotFoundError when the caller may use no model of that name, TaskNotSupportedError
when the model does something else, ModelNotReadyError when no version of it has been deployed yet, and
whatever the meter (`gateway.serving.metering.meter.Meter.call`) and the task itself raise.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from control_plane.catalog import Key, Provider, Router, TaskNotSupportedError
from gateway.serving.dispatch import Dispatcher, Request
from gateway.serving.errors import BuiltInModelError, HistoryRefusedError
from gateway.serving.generation.model import GenerationModel
from gateway.serving.generation.results import Chunk
from gateway.serving.images import EncodedImage
from gateway.serving.labels import Labels, Ranking
from gateway.serving.metering.meter import Meter
from gateway.serving.snapshots import Snapshots
from gateway.serving.tasks.custom import CustomTask
from gateway.serving.tasks.embedding import Embeddings, EmbeddingTask
from gateway.serving.tasks.generation import Choose, Generations, GenerationTask, longest_answer
from gateway.serving.tasks.image import ImageModel
from gateway.serving.tasks.image_classification import ImageClassificationTask
from gateway.serving.tasks.image_embedding import ImageEmbeddingTask
from gateway.serving.tasks.prompted import (
    ANSWER_TOKENS,
    EMOTION_TOKENS,
    SUMMARY_TOKENS,
    PromptedTask,
    Turn,
)
from gateway.serving.tasks.question_answering import ExtractiveAnswerTask
from gateway.serving.tasks.tensors import TensorTask
from gateway.serving.tasks.text import TextModel
from gateway.serving.tasks.text_classification import TextClassificationTask
from model_repository.heads import CustomHead, GenerationHead, TensorHead
from model_repository.manifest import Task

T = TypeVar("T")


class Engine:
    """Resolves a name in the snapshot and runs the task, metered, on a provider behind it."""

    def __init__(
        self,
        snapshots: Snapshots,
        meter: Meter,
        dispatcher: Dispatcher,
        *,
        text: TextModel,
        image: ImageModel,
        generation: GenerationModel,
        custom: CustomTask,
        tensors: TensorTask,
    ) -> None:
        self._snapshots = snapshots
        self._meter = meter
        self._dispatcher = dispatcher
        self._custom = custom
        self._tensors = tensors
        self._embedding = EmbeddingTask(text)
        self._text_classification = TextClassificationTask(text)
        self._extractive = ExtractiveAnswerTask(text)
        self._generation = GenerationTask(generation)
        self._prompted = PromptedTask(generation)
        self._image_embedding = ImageEmbeddingTask(image, self._embedding)
        self._image_classification = ImageClassificationTask(image, self._image_embedding, self._embedding)

    async def embed(self, caller: Key, model: str, texts: Sequence[str]) -> Embeddings:
        """Vectors of texts; see `EmbeddingTask.run`."""
        return await self._run(
            caller, Task.EMBEDDING, model, texts, lambda provider: self._embedding.run(provider, texts)
        )

    async def classify_texts(
        self, caller: Key, model: str, texts: Sequence[str], labels: Sequence[Labels], *, top_k: int = 0
    ) -> list[Ranking]:
        """Labels of texts; see `TextClassificationTask.run`."""
        return await self._run(
            caller,
            Task.TEXT_CLASSIFICATION,
            model,
            texts,
            lambda provider: self._text_classification.run(provider, texts, labels, top_k=top_k),
        )

    async def answer(
        self,
        caller: Key,
        model: str,
        questions: Sequence[str],
        contexts: Sequence[str],
        histories: Sequence[Sequence[Turn]],
    ) -> list[str | None]:
        """Answers to questions from their contexts, None where a context has none.

        Models that mark passages know no earlier turns; those that generate say in their own words that there
        is no answer.

        Raises:
            HistoryRefusedError: earlier turns for a model that marks passages.
            TriremeError: see `ExtractiveAnswerTask.run` and `PromptedTask.answer`.

        """

        async def work(provider: Provider) -> list[str | None]:
            if isinstance(provider.graph(Task.QUESTION_ANSWERING).head, GenerationHead):
                return list(await self._prompted.answer(provider, questions, contexts, histories))
            if any(histories):
                raise HistoryRefusedError(f"model {model} does not read earlier questions and answers")
            return [each.text for each in await self._extractive.run(provider, questions, contexts)]

        turns = [text for history in histories for turn in history for text in turn]
        texts = [*questions, *contexts, *turns]
        most = ANSWER_TOKENS * len(questions)
        return await self._run(caller, Task.QUESTION_ANSWERING, model, texts, work, most=lambda _: most)

    async def generate(self, caller: Key, model: str, texts: Sequence[str], choose: Choose) -> Generations:
        """Texts continued or answered; see `GenerationTask.run`."""
        return await self._run(
            caller,
            Task.TEXT_GENERATION,
            model,
            texts,
            lambda provider: self._generation.run(provider, texts, choose),
            most=lambda provider: len(texts) * longest_answer(provider, choose),
        )

    async def stream(self, caller: Key, model: str, text: str, choose: Choose) -> AsyncGenerator[Chunk, None]:
        """A text continued or answered, chunk by chunk; see `GenerationTask.stream`."""
        task = Task.TEXT_GENERATION
        with self._snapshots.lease() as catalog:
            router = catalog.resolve(caller.account_id, task, model)
            providers = _called_here(router, task)
            request = Request(catalog, router, task, providers, caller.principal.priority)
            longest = partial(longest_answer, providers[0], choose)
            async with self._meter.call(caller, router, task, (text,), longest) as call:
                work = call.noting(lambda provider: self._generation.stream(provider, text, choose))
                async with aclosing(self._dispatcher.stream(request, work)) as chunks:
                    async for chunk in chunks:
                        self._meter.piece(call, chunk.text, len(chunk.token_ids))
                        yield chunk

    async def summarise(self, caller: Key, model: str, texts: Sequence[str]) -> list[str]:
        """Summaries of texts; see `PromptedTask.summarise`."""
        return await self._run(
            caller,
            Task.SUMMARISATION,
            model,
            texts,
            lambda provider: self._prompted.summarise(provider, texts),
            most=lambda _: SUMMARY_TOKENS * len(texts),
        )

    async def emotions(self, caller: Key, model: str, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """Emotions of texts; see `PromptedTask.emotions`."""
        return await self._run(
            caller,
            Task.EMOTION,
            model,
            texts,
            lambda provider: self._prompted.emotions(provider, texts),
            most=lambda _: EMOTION_TOKENS * len(texts),
        )

    async def embed_images(self, caller: Key, model: str, images: Sequence[EncodedImage]) -> Embeddings:
        """Vectors of images; see `ImageEmbeddingTask.run`."""
        return await self._run(
            caller,
            Task.IMAGE_EMBEDDING,
            model,
            (),
            lambda provider: self._image_embedding.run(provider, images),
        )

    async def embed_images_with_texts(
        self, caller: Key, model: str, images: Sequence[EncodedImage], texts: Sequence[str]
    ) -> Embeddings:
        """Vectors of images and their texts; see `ImageEmbeddingTask.run_joined`."""
        return await self._run(
            caller,
            Task.IMAGE_EMBEDDING,
            model,
            texts,
            lambda provider: self._image_embedding.run_joined(provider, images, texts),
        )

    async def classify_images(
        self,
        caller: Key,
        model: str,
        images: Sequence[EncodedImage],
        labels: Sequence[Labels],
        *,
        top_k: int = 0,
    ) -> list[Ranking]:
        """Labels of images; see `ImageClassificationTask.run`."""
        return await self._run(
            caller,
            Task.IMAGE_CLASSIFICATION,
            model,
            (),
            lambda provider: self._image_classification.run(provider, images, labels, top_k=top_k),
        )

    def has_custom(self, caller: Key, task: Task, model: str) -> bool:
        """Whether the caller has uploaded code of this name that does the task."""
        router = self._snapshots.current.routers.get((caller.account_id, model))
        graphs = [graph for provider in router.providers for graph in provider.graphs] if router else []
        return any(isinstance(graph.head, CustomHead) and task in graph.tasks for graph in graphs)

    async def run_custom(self, caller: Key, task: Task, model: str, params: bytes) -> bytes:
        """JSON of what a model of the caller's own returns: code, or a graph of plain numbers.

        Raises:
            BuiltInModelError: a built-in model.
            TriremeError: see `CustomTask.run` and `TensorTask.run`.

        """

        async def work(provider: Provider) -> bytes:
            if isinstance(provider.graph(task).head, TensorHead):
                return await self._tensors.run(provider, params)
            return await self._custom.run(provider, task, params)

        with self._snapshots.lease() as catalog:
            if (caller.account_id, model) not in catalog.routers and catalog.is_built_in(model):
                raise BuiltInModelError(f"`model` must be the name of an uploaded model; {model} is built in")
            router = catalog.resolve(caller.account_id, task, model)
            providers = router.able(task)
            async with self._meter.call(caller, router, task, (params.decode(),)) as call:
                request = Request(catalog, router, task, providers, caller.principal.priority)
                return await self._dispatcher.run(request, call.noting(work), copied=work)

    async def _run(
        self,
        caller: Key,
        task: Task,
        model: str,
        texts: Sequence[str],
        work: Callable[[Provider], Awaitable[T]],
        *,
        most: Callable[[Provider], int] = lambda _: 0,
    ) -> T:
        """What `work` gives with a provider of the model.

        Args:
            texts: that are to be read, as the caller sent them.
            most: tokens that a provider writes at most.

        """
        with self._snapshots.lease() as catalog:
            router = catalog.resolve(caller.account_id, task, model)
            providers = _called_here(router, task)
            longest = partial(most, providers[0])
            async with self._meter.call(caller, router, task, texts, longest) as call:
                request = Request(catalog, router, task, providers, caller.principal.priority)
                return await self._dispatcher.run(request, call.noting(work), copied=work)


def _called_here(router: Router, task: Task) -> tuple[Provider, ...]:
    """Providers of a router that do the task by a graph of ours, and not by its author's own code."""
    providers = router.able(task)
    if any(isinstance(provider.graph(task).head, CustomHead) for provider in providers):
        raise TaskNotSupportedError(
            f"model {router.name} is its author's own code, which this API does not call",
            hint="Call it through the endpoint of its task in the Backprop API.",
        )
    return providers
