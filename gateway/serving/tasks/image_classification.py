"""Images to labels: by the labels that a model was trained on, or by any labels' closeness to the image."""

from collections.abc import Sequence

from control_plane.catalog import Provider
from gateway.serving.images import EncodedImage
from gateway.serving.labels import Labels, Ranking, rank, rank_own, required
from gateway.serving.probabilities import softmax
from gateway.serving.tasks.embedding import EmbeddingTask
from gateway.serving.tasks.image import ImageModel
from gateway.serving.tasks.image_embedding import ImageEmbeddingTask, unit
from model_repository.heads import ClassificationHead, ImageEmbeddingHead
from model_repository.manifest import Manifest, Task


class ImageClassificationTask:
    """The head of the graph decides whether it judges by its own labels or by the request's."""

    def __init__(self, model: ImageModel, images: ImageEmbeddingTask, texts: EmbeddingTask) -> None:
        self._model = model
        self._images = images
        self._texts = texts

    async def run(
        self, provider: Provider, images: Sequence[EncodedImage], labels: Sequence[Labels], *, top_k: int = 0
    ) -> list[Ranking]:
        """Labels of each image with their probabilities.

        Args:
            labels: for each image, used as they are; a model with labels of its own passes over them.
            top_k: see `rank`.

        Raises:
            LabelsRequiredError: the model has no labels of its own, and an image comes without.
            TriremeError: see `ImageModel` and `EmbeddingTask`.

        """
        graph = provider.graph(Task.IMAGE_CLASSIFICATION)
        match graph.head:
            case ImageEmbeddingHead(logit_scale=float() as scale):
                return await self._zero_shot(provider, scale, images, required(graph, labels), top_k)
            case ClassificationHead() as own:
                return await self._own_labels(provider, graph, own, images, top_k)
            case other:
                raise AssertionError(other)

    async def _zero_shot(
        self,
        provider: Provider,
        scale: float,
        images: Sequence[EncodedImage],
        labels: Sequence[Sequence[str]],
        top_k: int,
    ) -> list[Ranking]:
        """Softmax over the cosines of an image's vector with those of its labels."""
        distinct = list(dict.fromkeys(label for asked in labels for label in asked))
        place = {label: position for position, label in enumerate(distinct)}
        read = unit((await self._texts.run(provider, distinct)).vectors)
        seen = unit((await self._images.run(provider, images)).vectors)
        return [
            rank(asked, softmax(scale * (read[[place[label] for label in asked]] @ vector)), top_k)
            for asked, vector in zip(labels, seen, strict=True)
        ]

    async def _own_labels(
        self,
        provider: Provider,
        graph: Manifest,
        head: ClassificationHead,
        images: Sequence[EncodedImage],
        top_k: int,
    ) -> list[Ranking]:
        found = await self._model.infer(provider, graph, images, {head.output: (len(head.labels),)})
        return [rank_own(head, logits, top_k) for logits in found[head.output]]
