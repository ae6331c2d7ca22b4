"""What all tasks that read images share: base64 text to pixels to one result an image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from control_plane.catalog import Provider
from gateway.observability.timing import stage
from gateway.serving.batching.batcher import Tensors
from gateway.serving.images import EncodedImage, ImageDecoder
from gateway.serving.rows import Array, RowRunner, Shape
from model_repository.manifest import Manifest

TOKENS_PER_IMAGE = 512
"""What an image counts as when packs are filled: 16 images make the usual pack of 8192 tokens."""


class ImageModel:
    """Runs graphs whose one input is pixels."""

    def __init__(self, decoder: ImageDecoder, rows: RowRunner) -> None:
        self._decoder = decoder
        self._rows = rows

    async def infer(
        self,
        provider: Provider,
        graph: Manifest,
        images: Sequence[EncodedImage],
        outputs: Mapping[str, Shape],
    ) -> dict[str, list[Array]]:
        """Outputs by name, one array an image.

        Only the images of packs that are being sent are held as pixels.

        Raises:
            TriremeError: see `ImageDecoder.pixels` and `RowRunner.run`.

        """
        return await self._rows.run(provider, graph, images, PixelInputs(graph, self._decoder), outputs)


@dataclass(frozen=True, slots=True)
class PixelInputs:
    """Images as the graph wants them; see `gateway.serving.batching.batcher.Inputs`."""

    graph: Manifest
    decoder: ImageDecoder

    def length(self, _content: EncodedImage) -> int:
        """The same for every image."""
        return TOKENS_PER_IMAGE

    async def prepare(self, contents: Sequence[EncodedImage]) -> Sequence[Array]:
        """Pixels of images that are about to be sent.

        Raises:
            TriremeError: see `ImageDecoder.pixels`.

        """
        assert self.graph.image is not None
        with stage("decode"):
            return await self.decoder.pixels(self.graph.image, contents)

    def tensors(self, prepared: Sequence[Array]) -> Tensors:
        """The graph's one input, `[images, 3, height, width]`."""
        (tensor,) = self.graph.inputs
        return {tensor.name: np.stack(prepared)}
