"""Wires what runs models on Triton, by what they read and write; every API works with it."""

from dataclasses import dataclass
from typing import Self

from gateway.observability.tasks import TaskMetrics
from gateway.serving.cache import AnswerCache
from gateway.serving.cached_rows import CachedRows
from gateway.serving.chat.rendering import ChatRenderer
from gateway.serving.generation.model import GenerationModel
from gateway.serving.images import ImageDecoder
from gateway.serving.rows import RowRunner
from gateway.serving.speech.model import SpeechModel
from gateway.serving.tasks.custom import CustomTask
from gateway.serving.tasks.image import ImageModel
from gateway.serving.tasks.tensors import TensorTask
from gateway.serving.tasks.text import TextModel
from gateway.serving.tasks.transcription import TranscriptionTask
from gateway.serving.tokenization import Tokenizers
from gateway.serving.triton import TritonPool
from gateway.settings import GatewaySettings


@dataclass(frozen=True)
class ModelRunners:
    """What runs models.

    Attributes:
        rows: packs rows of all kinds for Triton.
        text_rows: the same for texts, with the cache of answers in front if there is one.
        decoder: makes pixels of images.
        renderer: makes text of conversations.

    """

    rows: RowRunner
    text_rows: RowRunner | CachedRows
    decoder: ImageDecoder
    renderer: ChatRenderer
    text: TextModel
    image: ImageModel
    generation: GenerationModel
    transcription: TranscriptionTask
    custom: CustomTask
    tensors: TensorTask

    @classmethod
    def of(
        cls, settings: GatewaySettings, tokenizers: Tokenizers, triton: TritonPool, metrics: TaskMetrics
    ) -> Self:
        """All of it, as configured."""
        rows = RowRunner(
            triton,
            tokens_per_pack=settings.tokens_per_pack,
            pack_seconds=settings.pack_seconds,
            rows_waiting=settings.rows_waiting,
            queue_seconds=settings.queue_seconds,
            overload_seconds=settings.overload_seconds,
            metrics=metrics,
        )
        text_rows = (
            CachedRows(rows, AnswerCache(settings.cache_bytes), metrics) if settings.cache_bytes else rows
        )
        decoder = ImageDecoder(
            threads=settings.image_threads,
            queue=settings.image_queue,
            max_bytes=settings.max_image_bytes,
            max_pixels=settings.max_image_pixels,
        )
        return cls(
            rows=rows,
            text_rows=text_rows,
            decoder=decoder,
            renderer=ChatRenderer(processes=settings.chat_processes, queue=settings.chat_queue),
            text=TextModel(tokenizers, text_rows),
            image=ImageModel(decoder, rows),
            generation=GenerationModel(tokenizers, triton, streams_per_request=settings.streams_per_request),
            transcription=TranscriptionTask(
                SpeechModel(tokenizers, triton),
                threads=settings.audio_threads,
                queue=settings.audio_queue,
                max_seconds=settings.max_audio_seconds,
            ),
            custom=CustomTask(triton),
            tensors=TensorTask(triton),
        )

    async def close(self) -> None:
        """End the processes and the threads."""
        await self.renderer.close()
        self.decoder.close()
        self.transcription.close()
