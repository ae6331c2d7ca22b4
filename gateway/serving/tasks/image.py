"""What all tasks that read images share: base64 text to pixels to one result an image."""

from collections.abc import Mapping, Sequence

from control_plane.catalog import Provider
from gateway.observability.timing import stage
from gateway.serving.batching import Pack
from gateway.serving.images import EncodedImage, ImageDecoder
from gateway.serving.rows import Array, RowRunner, Shape, Tensors
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
        (tensor,) = graph.inputs

        async def pack_tensors(positions: Pack) -> Tensors:
            assert graph.image is not None
            with stage("decode"):
                pixels = await self._decoder.pixels(graph.image, [images[position] for position in positions])
            return {tensor.name: pixels}

        lengths = [TOKENS_PER_IMAGE] * len(images)
        return await self._rows.run(provider, graph, lengths, pack_tensors, outputs)
