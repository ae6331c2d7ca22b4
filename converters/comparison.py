"""Converted against original on one batch: what counts of each output, and which figures it gives."""

import numpy as np
from numpy.typing import NDArray

from converters.tensors import Tensors
from model_repository.heads import (
    ClassificationHead,
    CustomHead,
    EmbeddingHead,
    EntailmentHead,
    GenerationHead,
    Head,
    ImageEmbeddingHead,
    RerankHead,
    SpanHead,
    SpeechHead,
    TensorHead,
    TextDetectionHead,
    TextDirectionHead,
    TextRecognitionHead,
    TokenClassificationHead,
)
from model_repository.parity import ParityCase
from model_repository.tensors import Array

VectorHead = EmbeddingHead | ImageEmbeddingHead
OcrHead = TextDetectionHead | TextDirectionHead | TextRecognitionHead
RowHead = VectorHead | ClassificationHead | EntailmentHead | RerankHead | OcrHead
"""Heads whose output has one row an input; every other output of a text model has one a token."""


def answers(head: Head) -> tuple[str, ...]:
    """The outputs that callers ask for."""
    if isinstance(head, SpanHead):
        return (head.start, head.end)
    if isinstance(head, TensorHead):
        return head.outputs
    if isinstance(head, GenerationHead | SpeechHead | CustomHead):
        raise TypeError("this is no graph that is called once a batch")
    return (head.output,)


def decides(head: Head) -> bool:
    """Whether the outputs stand for choices: among labels, positions or passages."""
    return not isinstance(head, VectorHead | TensorHead | TextDetectionHead)


def by_token(head: Head, name: str) -> bool:
    """Whether an output has one row a token, so that what it holds at padding means nothing."""
    return not (isinstance(head, TensorHead) or (isinstance(head, RowHead) and name == head.output))


def counting(head: Head, inputs: Tensors, outputs: Tensors) -> dict[str, NDArray[np.float64]]:
    """The outputs without what stands at padding: `[rows or tokens, ...]`, in double precision."""
    mask = inputs["attention_mask"].astype(bool) if "attention_mask" in inputs else None
    return {
        name: (array[mask] if mask is not None and by_token(head, name) else array).astype(np.float64)
        for name, array in outputs.items()
    }


def compare(head: Head, inputs: Tensors, original: Tensors, converted: Tensors, *, tie: float) -> ParityCase:
    """Figures of one batch.

    What is not finite fails by `finite`; the figures then cover the rest, so that they stay numbers.

    Args:
        tie: choices whose scores in the original are no further apart than this are equally right.

    """
    left = counting(head, inputs, original)
    found = counting(head, inputs, converted)
    right = {name: np.nan_to_num(array, posinf=0, neginf=0) for name, array in found.items()}
    return ParityCase(
        batch=len(next(iter(inputs.values()))),
        length=inputs["attention_mask"].shape[-1] if "attention_mask" in inputs else 0,
        max_abs_diff=max(float(np.abs(left[name] - right[name]).max(initial=0)) for name in left),
        min_cosine=min_cosine(left[head.output], right[head.output]) if isinstance(head, VectorHead) else 1.0,
        agreement=_agreement(head, inputs, original, converted, tie) if decides(head) else 1.0,
        finite=all(bool(np.isfinite(array).all()) for array in found.values()),
    )


def min_cosine(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Smallest cosine over the rows; 0 for a row without direction."""
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    products = (left * right).sum(1)
    return float(np.divide(products, norms, out=np.zeros_like(products), where=norms > 0).min())


def _agreement(head: Head, inputs: Tensors, original: Tensors, converted: Tensors, tie: float) -> float:
    """Share of choices that are the original's, or as right by the original's own scores."""
    equal = []
    for name in answers(head):
        left, right = (_choices(head, inputs, outputs[name]) for outputs in (original, converted))
        chosen = np.take_along_axis(left, right.argmax(1)[:, None], 1)[:, 0]
        equal.append(left.max(1) - chosen <= tie)
    return float(np.concatenate(equal).mean())


def _choices(head: Head, inputs: Tensors, output: Array) -> NDArray[np.float64]:
    """Scores of the options, one choice a row; the largest is taken."""
    scores = np.nan_to_num(output.astype(np.float64), posinf=0, neginf=0)
    match head:
        case SpanHead():
            return np.where(inputs["attention_mask"].astype(bool), scores, np.finfo(np.float64).min)
        case TokenClassificationHead():
            tokens: NDArray[np.float64] = scores[inputs["attention_mask"].astype(bool)]
            return tokens
        case TextRecognitionHead():
            return scores.reshape(-1, scores.shape[-1])
        case RerankHead():
            # Of any two passages, which one is the better.
            column = scores[:, 0]
            return np.stack([column.repeat(column.size), np.tile(column, column.size)], axis=1)
        case ClassificationHead(multi_label=True):
            # Each label by itself: in if its logit is above 0.
            return np.stack([scores.ravel(), np.zeros(scores.size)], axis=1)
        case _:
            return scores
