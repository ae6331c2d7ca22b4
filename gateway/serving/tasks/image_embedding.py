"""Images to vectors, alone or joined with a text's."""

from collections.abc import Sequence

import numpy as np

from control_plane.catalog import Provider
from gateway.serving.images import EncodedImage
from gateway.serving.rows import Array
from gateway.serving.tasks.embedding import Embeddings, EmbeddingTask
from gateway.serving.tasks.image import ImageModel
from model_repository.heads import ImageEmbeddingHead
from model_repository.manifest import Task


class ImageEmbeddingTask:
    """The vectors come as the model projects them, not scaled to unit length."""

    def __init__(self, model: ImageModel, texts: EmbeddingTask) -> None:
        self._model = model
        self._texts = texts

    async def run(self, provider: Provider, images: Sequence[EncodedImage]) -> Embeddings:
        """Vectors of `images`, which are not empty.

        Raises:
            TriremeError: see `ImageModel`.

        """
        graph = provider.graph(Task.IMAGE_EMBEDDING)
        head = graph.head
        assert isinstance(head, ImageEmbeddingHead)
        outputs = {head.output: (head.dimensions,)}
        vectors = await self._model.infer(provider, graph, images, outputs)
        return Embeddings(np.stack(vectors[head.output]), 0)

    async def run_joined(
        self, provider: Provider, images: Sequence[EncodedImage], texts: Sequence[str]
    ) -> Embeddings:
        """One vector for each image and its text: the image's, then the text's, together of unit length.

        Raises:
            TaskNotSupportedError: the model reads no text.
            TriremeError: see `ImageModel` and `EmbeddingTask`.

        """
        read = await self._texts.run(provider, texts)
        seen = await self.run(provider, images)
        return Embeddings(unit(np.hstack([seen.vectors, read.vectors])), read.tokens)


def unit(vectors: Array) -> Array:
    """The rows scaled to unit length; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Array = vectors / np.where(lengths > 0, lengths, 1)
    return scaled
