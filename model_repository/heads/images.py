"""What goes into graphs that look at images, and heads of theirs."""

from model_repository.heads.struct import Struct


class ImageSpec(Struct, frozen=True, kw_only=True):
    """How an image becomes the graph's `pixel_values`, FP32 `[batch, 3, height, width]`, RGB.

    In order: resize the shorter side to `resize` pixels (or both sides to it, if `keep_ratio` is off), cut
    `height` x `width` from the centre, scale to 0..1, subtract `mean`, divide by `std` (a number a channel).

    Attributes:
        resample: Pillow's filter: `nearest`, `bilinear`, `bicubic` or `lanczos`.

    """

    height: int
    width: int
    resize: int
    keep_ratio: bool
    resample: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class ImageEmbeddingHead(Struct, frozen=True, kw_only=True, tag="image-embedding"):
    """Image in, one vector out.

    Attributes:
        output: FP32 `[batch, dimensions]`, as the model projects it, not scaled to unit length.
        logit_scale: factor on cosines with the text tower's vectors before the softmax over labels, or None
            where the model has no text tower.

    """

    output: str
    dimensions: int
    logit_scale: float | None = None
