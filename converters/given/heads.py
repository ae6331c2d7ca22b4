"""What the outputs of a given graph mean, as far as their names, their shapes and the labels tell."""

from typing import NamedTuple

import onnx
from transformers import PretrainedConfig

from converters.families.embedding import EMBEDDING
from converters.families.entailment import columns
from converters.inspection.cross_encoder import is_cross_encoder, scores_by_sigmoid
from converters.inspection.labels import is_multi_label, read_labels
from converters.inspection.pipeline import Pipeline
from converters.spec import ConversionError
from model_repository.heads import (
    ClassificationHead,
    EmbeddingHead,
    EntailmentHead,
    Head,
    Pooling,
    RerankHead,
    SpanHead,
    TokenClassificationHead,
)
from model_repository.manifest import Task

LOGITS = "logits"
HIDDEN = ("last_hidden_state", "token_embeddings", "hidden_states")
POOLED = (EMBEDDING, "embeddings", "embedding", "text_embeds", "pooler_output")
ADDED = "trireme_embedding"
"""The output that is added where a graph gives one vector a token."""


class Meaning(NamedTuple):
    """A head and the task that it does.

    Attributes:
        hidden: the output to pool, or an empty string where nothing is to be added to the graph.

    """

    task: Task
    head: Head
    hidden: str = ""


def meaning_of(model: onnx.ModelProto, config: PretrainedConfig | None, pipeline: Pipeline | None) -> Meaning:
    """Read the outputs.

    Args:
        config: of the model, or None where it has no labels.
        pipeline: of sentence-transformers, or None where there is none.

    Raises:
        ConversionError: they could mean anything.

    """
    outputs = {value.name: _shape(value) for value in model.graph.output}
    if {"start_logits", "end_logits"} <= outputs.keys():
        return Meaning(Task.QUESTION_ANSWERING, SpanHead(start="start_logits", end="end_logits"))
    if LOGITS in outputs:
        return _labelled(outputs[LOGITS], config)
    pooled = next((name for name in POOLED if len(outputs.get(name, ())) == 2), None)
    hidden = next((name for name in HIDDEN if len(outputs.get(name, ())) == 3), None)
    if hidden is None and pooled is None and len(outputs) == 1:
        (name, shape), *_ = outputs.items()
        hidden, pooled = (name if len(shape) == 3 else None), (name if len(shape) == 2 else None)
    if (name := pooled if hidden is None or pooled == EMBEDDING else hidden) is None:
        raise ConversionError(
            f"the outputs {', '.join(outputs)} do not say what they mean",
            hint="Call an output logits, last_hidden_state or sentence_embedding.",
        )
    width = outputs[name][-1]
    if width is None:
        raise ConversionError(
            f"the graph does not say how wide its output {name} is", hint="Export it with a fixed width."
        )
    return _embedding(name, width, pipeline or Pipeline(), pooled=name == pooled)


def _embedding(name: str, width: int, pipeline: Pipeline, *, pooled: bool) -> Meaning:
    if pooled:
        ready = EmbeddingHead(output=name, dimensions=width, pooling=None, normalise=False)
        return Meaning(Task.EMBEDDING, ready)
    if pipeline.dense or pipeline.pooling is Pooling.MAX:
        raise ConversionError(
            "the pipeline beside the graph has a step that is not added to given graphs",
            hint="Export the whole pipeline, so that the graph has an output sentence_embedding.",
        )
    head = EmbeddingHead(
        output=ADDED, dimensions=width, pooling=pipeline.pooling, normalise=pipeline.normalise
    )
    return Meaning(Task.EMBEDDING, head, hidden=name)


def _labelled(shape: tuple[int | None, ...], config: PretrainedConfig | None) -> Meaning:
    if shape[-1] == 1 and len(shape) == 2 and (config is None or is_cross_encoder(config)):
        return Meaning(Task.RERANK, RerankHead(output=LOGITS, sigmoid=scores_by_sigmoid(config)))
    labels = read_labels(config) if config is not None else ()
    if config is None or len(shape) not in (2, 3) or shape[-1] not in (None, len(labels)):
        raise ConversionError(
            f"the output logits has {shape[-1]} columns, and config.json has {len(labels)} labels",
            hint="Add config.json with id2label: one label a column.",
        )
    if len(shape) == 3:
        return Meaning(Task.TOKEN_CLASSIFICATION, TokenClassificationHead(output=LOGITS, labels=labels))
    if (pair := columns(config)) is not None:
        entailment, contradiction = pair
        head = EntailmentHead(output=LOGITS, entailment=entailment, contradiction=contradiction)
        return Meaning(Task.TEXT_CLASSIFICATION, head)
    multi_label = is_multi_label(config)
    plain = ClassificationHead(output=LOGITS, labels=labels, multi_label=multi_label)
    return Meaning(Task.TEXT_CLASSIFICATION, plain)


def _shape(value: onnx.ValueInfoProto) -> tuple[int | None, ...]:
    """Sizes of the axes, None where they vary."""
    axes = value.type.tensor_type.shape.dim
    return tuple(axis.dim_value if axis.HasField("dim_value") else None for axis in axes)
