"""Heads of graphs that read texts."""

from enum import StrEnum

from model_repository.heads.struct import Struct


class Pooling(StrEnum):
    """How token vectors become one vector; all of them look at unmasked tokens only."""

    MEAN = "mean"
    CLS = "cls"
    MAX = "max"


class EmbeddingHead(Struct, frozen=True, kw_only=True, tag="embedding"):
    """Text in, one vector out: `output` has the shape `[batch, dimensions]`, FP32.

    Attributes:
        matryoshka: lengths that its vectors may be cut to, because the model was trained so that their first
            numbers stand for the whole; empty for any length, None for none.

    """

    output: str
    dimensions: int
    pooling: Pooling | None
    normalise: bool
    matryoshka: tuple[int, ...] | None = None


class ClassificationHead(Struct, frozen=True, kw_only=True, tag="classification"):
    """Text or image in, one score a label out: `output` has the shape `[batch, labels]`, FP32 logits.

    Attributes:
        multi_label: labels are judged each by itself (sigmoid) instead of against each other (softmax).

    """

    output: str
    labels: tuple[str, ...]
    multi_label: bool = False


class EntailmentHead(Struct, frozen=True, kw_only=True, tag="entailment"):
    """Premise and hypothesis in, NLI logits out: `output` has the shape `[batch, 2 or 3]`, FP32.

    Attributes:
        entailment: its column.
        contradiction: its column; a neutral column, where there is one, is left out of the softmax.

    """

    output: str
    entailment: int
    contradiction: int


class RerankHead(Struct, frozen=True, kw_only=True, tag="rerank"):
    """Query and passage in, how well they fit out: `output` has the shape `[batch, 1]`, FP32 logits.

    Attributes:
        sigmoid: the score is the logit's sigmoid, 0 to 1, and not the logit itself.

    """

    output: str
    sigmoid: bool


class TokenClassificationHead(Struct, frozen=True, kw_only=True, tag="token-classification"):
    """Text in, one row of logits a token out: `output` has the shape `[batch, length, labels]`, FP32."""

    output: str
    labels: tuple[str, ...]


class SpanHead(Struct, frozen=True, kw_only=True, tag="span"):
    """Question and context in, logits of the answer's first and last token out: `[batch, length]`, FP32."""

    start: str
    end: str
