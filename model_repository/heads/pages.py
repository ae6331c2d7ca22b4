"""Heads of the three graphs that read text off pages."""

from model_repository.heads.struct import Struct


class TextDetectionHead(Struct, frozen=True, kw_only=True, tag="text-detection"):
    """Page in, a map of its text out: `output` is FP32 `[batch, 1, height, width]`, 0 to 1 a pixel.

    The page comes as FP32 `[batch, 3, height, width]`, BGR from -1 to 1.

    Attributes:
        stride: both sides of the page are multiples of it.
        shortest: pixels that the shorter side is scaled up to where it has fewer.
        longest: pixels that the longer side is scaled down to where it has more.
        threshold: of a pixel that belongs to a line of text.
        line_threshold: of the mean over a line, below which it is none.
        expansion: the map shows the core of a line; each side moves out by this times area through perimeter.

    """

    output: str
    stride: int
    shortest: int
    longest: int
    threshold: float
    line_threshold: float
    expansion: float


class TextDirectionHead(Struct, frozen=True, kw_only=True, tag="text-direction"):
    """Line in, whether it stands on its head out: `output` is FP32 `[batch, 2]`, upright and turned, sum 1.

    The line comes as FP32 `[batch, 3, height, width]`, BGR from -1 to 1, 0 on the right where it is shorter.

    Attributes:
        threshold: from which on a line is taken to be turned.

    """

    output: str
    height: int
    width: int
    threshold: float


class TextRecognitionHead(Struct, frozen=True, kw_only=True, tag="text-recognition"):
    """Line in, its characters out, for CTC: one step for every `stride` columns of pixels.

    The line comes as FP32 `[batch, 3, height, width]`, BGR from -1 to 1, 0 on the right where it is shorter.

    Attributes:
        output: FP32 `[batch, steps, characters + 1]`, probabilities; too large to send around.
        ids: INT64 `[batch, steps]`, the likeliest character of each step, 0 for none.
        scores: FP32 `[batch, steps]`, its probability.
        characters: those with the ids 1 and up, one code point each.
        threshold: of the mean score of a line, below which it is no text.

    """

    output: str
    ids: str
    scores: str
    height: int
    stride: int
    characters: str
    threshold: float
