"""Batches that stand for a model's real input: for the parity gate, for measuring and for the probe."""

from pathlib import Path

from converters.results import Part
from converters.samples.images import ImageSampler
from converters.samples.pages import OcrHead, TextImageSampler
from converters.samples.sampler import Sampler
from converters.samples.tensors import TensorSampler
from converters.samples.text import TextSampler

__all__ = ["Sampler", "sampler_of"]


def sampler_of(part: Part, tokenizer: Path) -> Sampler:
    """The sampler for what a part takes; `tokenizer` is read only if it takes text.

    Raises:
        ConversionError: the tokenizer makes nothing of plain text.

    """
    if isinstance(part.head, OcrHead):
        return TextImageSampler(part.head, *part.inputs)
    if part.image is not None:
        return ImageSampler(part.image)
    if part.tokenizer is not None:
        return TextSampler(part, part.tokenizer, tokenizer)
    if part.signature is not None:
        return TensorSampler(part.signature.inputs)
    raise ValueError(f"the part {part.name!r} takes nothing that could be sampled")
