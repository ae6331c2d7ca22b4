"""Images that are drawn, not stored: gradients with noise, in the numbers that the graph takes."""

from collections.abc import Iterator

import numpy as np

from converters.samples.sampler import BATCHES
from converters.tensors import Tensors
from model_repository.heads import ImageSpec

IMAGES, PACK = 16, 8


class ImageSampler:
    """Makes batches of images of the size that a model takes."""

    def __init__(self, spec: ImageSpec) -> None:
        self._spec = spec

    def sample(self) -> Tensors:
        """Two images."""
        return self.batch(2)

    def probe(self, *, even: bool) -> Tensors:
        """Three images."""
        return self.batch(3)

    def cases(self) -> Iterator[Tensors]:
        """Batches of all sizes."""
        for rows in BATCHES:
            yield self.batch(rows)

    def traffic(self) -> list[Tensors]:
        """Full packs."""
        return [self.batch(PACK) for _ in range(IMAGES // PACK)]

    def singles(self) -> list[Tensors]:
        """One image."""
        return [self.batch(1)]

    def batch(self, rows: int) -> Tensors:
        """Gradients of another direction and colour in each row, with noise that grows from row to row."""
        spec = self._spec
        rng = np.random.default_rng(0)
        y, x = np.mgrid[0 : 1 : spec.height * 1j, 0 : 1 : spec.width * 1j]
        angle = rng.uniform(0, 2 * np.pi, (rows, 3, 1, 1))
        light = 0.5 + 0.4 * np.sin(2 * np.pi * (np.cos(angle) * x + np.sin(angle) * y) + angle)
        noise = np.linspace(0.02, 0.3, rows).reshape(-1, 1, 1, 1) * rng.standard_normal(light.shape)
        mean, std = (np.reshape(numbers, (3, 1, 1)) for numbers in (spec.mean, spec.std))
        return {"pixel_values": ((np.clip(light + noise, 0, 1) - mean) / std).astype(np.float32)}
