"""What is measured: a task with its model, how the gateway is asked for it, and who else is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from control_plane.catalogue import CatalogueModel
from model_repository.manifest import Task
from scripts.benchmarks.peers import catalogue, weights
from scripts.benchmarks.peers.loads import EIGHT_BATCHES, MANY, ONE, RERANKS, Load
from scripts.benchmarks.peers.peer import Door, Peer
from scripts.benchmarks.peers.programs.questions import LABELS, QUERY
from scripts.benchmarks.peers.weights import Made

ST, ST_ONNX = "sentence-transformers", "transformers-4"
"""Environments: the newest transformers, and the last that exports ONNX and answers questions by itself."""


@dataclass(frozen=True)
class Workload:
    """A task under some loads.

    Attributes:
        name: of the task, as `programs/original.py` calls it.
        weights: writes the model into a folder, and says how it is added to the gateway.
        note: about the model, for the report.
        door: of the gateway; the name of the model is added to bodies.
        agree: whether answers are as good as the original's, for the first texts of a pool.
        loads: by the length of the texts.
        direct: whether callers of Triton are measured too.

    """

    name: str
    note: str
    weights: Callable[[Path], CatalogueModel]
    door: Callable[[str], Door]
    agree: Callable[[Sequence[Any], Sequence[Any]], bool]
    peers: tuple[Peer, ...]
    loads: dict[str, tuple[Load, ...]]
    direct: bool = False


LEAST_COSINE = 0.999
MOST_DIFFERENCE = 0.03
"""Of a probability: engines that compute in bfloat16 are allowed."""

LEAST_EQUAL = 0.5
"""Of words: an untrained reader likes other spans nearly as much; by chance hardly any agree."""


def _same_vectors(expected: Sequence[Any], found: Sequence[Any]) -> bool:
    one, other = np.array(expected, float), np.array(found, float)
    cosines = np.sum(one * other, axis=1) / (np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1))
    return bool(np.all(cosines > LEAST_COSINE))


def _same_scores(expected: Sequence[Any], found: Sequence[Any]) -> bool:
    return bool(np.allclose(expected, found, rtol=0, atol=MOST_DIFFERENCE))


def _same_words(expected: Sequence[Any], found: Sequence[Any]) -> bool:
    return float(np.mean([one == other for one, other in zip(expected, found, strict=True)])) >= LEAST_EQUAL


def _listed(answer: Any, key: str) -> list[Any]:
    """The answers of a single text and of several alike."""
    return answer[key] if isinstance(answer[key], list) else [answer[key]]


def _probabilities(answer: Any) -> list[Any]:
    return [[score for _, score in sorted(each.items())] for each in _listed(answer, "probabilities")]


def _vectors(answer: Any) -> list[Any]:
    return answer["vector"] if isinstance(answer["vector"][0], list) else [answer["vector"]]


def _one_or_all(texts: list[str]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else texts


def _embedding(model: str) -> Door:
    return Door("/text-vectorisation", lambda texts: {"text": _one_or_all(texts), "model": model}, _vectors)


def _rerank(model: str) -> Door:
    return Door(
        "/v1/rerank", lambda texts: {"query": QUERY, "documents": texts, "model": model}, catalogue.scores
    )


def _qa(model: str) -> Door:
    return Door(
        "/qa",
        lambda texts: {
            "question": _one_or_all([QUERY] * len(texts)),
            "context": _one_or_all(texts),
            "model": model,
        },
        partial(_listed, key="answer"),
    )


def _labels(model: str, labels: list[str] | None) -> Door:
    return Door(
        "/text-classification",
        lambda texts: {
            "text": _one_or_all(texts),
            "labels": labels if len(texts) == 1 or labels is None else [labels] * len(texts),
            "model": model,
        },
        _probabilities,
    )


def _made(made: Made, name: str, task: Task) -> Callable[[Path], CatalogueModel]:
    return partial(weights.make, made, name, task)


def _size(made: Made) -> str:
    return f"A model of the size of {made.size} with untrained weights, which cost the same time."


def _pipelines(task: str) -> tuple[Peer, ...]:
    """The library alone behind FastAPI, and behind LitServe with batching."""
    makers = (catalogue.fastapi, catalogue.litserve)
    return tuple(make(task, "transformers", ST_ONNX) for make in makers)


SINGLE = {"mixed": (ONE, MANY)}

WORKLOADS = (
    Workload(
        name="embedding",
        note="all-MiniLM-L6-v2 with its own weights.",
        weights=weights.encoder,
        door=_embedding,
        agree=_same_vectors,
        peers=(
            catalogue.fastapi("embedding", "sentence-transformers", ST),
            catalogue.litserve("embedding", "sentence-transformers", ST),
            catalogue.infinity(catalogue.EMBEDDING),
            catalogue.fastapi("embedding", "sentence-transformers", ST_ONNX, "onnx"),
            catalogue.litserve("embedding", "sentence-transformers", ST_ONNX, "onnx"),
            catalogue.infinity_onnx(catalogue.EMBEDDING, "feature-extraction"),
            catalogue.mlserver("sentence-transformers"),
            catalogue.mlserver("transformers"),
        ),
        loads={"mixed": (ONE, MANY, EIGHT_BATCHES), "short": (MANY,), "long": (MANY,)},
        direct=True,
    ),
    Workload(
        name="rerank",
        note=_size(weights.RERANKER) + " A request holds a query and eight passages.",
        weights=_made(weights.RERANKER, "bench-reranker", Task.RERANK),
        door=_rerank,
        agree=_same_scores,
        peers=(
            catalogue.fastapi("rerank", "sentence-transformers", ST),
            catalogue.fastapi("rerank", "sentence-transformers", ST_ONNX, "onnx"),
            catalogue.infinity(catalogue.RANKING),
            catalogue.infinity_onnx(catalogue.RANKING, "text-classification"),
        ),
        loads={"mixed": RERANKS},
    ),
    Workload(
        name="question answering",
        note=_size(weights.READER),
        weights=_made(weights.READER, "bench-reader", Task.QUESTION_ANSWERING),
        door=_qa,
        agree=_same_words,
        peers=_pipelines("question answering"),
        loads=SINGLE,
    ),
    Workload(
        name="zero-shot",
        note=_size(weights.ENTAILMENT) + f" {len(LABELS)} labels a text.",
        weights=_made(weights.ENTAILMENT, "bench-entailment", Task.TEXT_CLASSIFICATION),
        door=partial(_labels, labels=LABELS),
        agree=_same_scores,
        peers=_pipelines("zero-shot"),
        loads=SINGLE,
    ),
    Workload(
        name="classification",
        note=_size(weights.CLASSIFIER),
        weights=_made(weights.CLASSIFIER, "bench-classifier", Task.TEXT_CLASSIFICATION),
        door=partial(_labels, labels=None),
        agree=_same_scores,
        peers=_pipelines("classification"),
        loads=SINGLE,
    ),
)
