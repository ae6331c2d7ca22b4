"""The original libraries as their users call them: `load(TASK, MODEL)` gives a function of texts."""

import json
import sys
from collections.abc import Callable

from questions import LABELS, QUERY
from sentence_transformers import CrossEncoder, SentenceTransformer
from transformers import pipeline

Answers = list
"""One of each text: a vector, a score, the scores of all labels, or words."""


def load(task: str, model: str, backend: str = "torch") -> Callable[[list[str]], Answers]:
    """The model, ready to answer.

    Args:
        backend: of sentence-transformers, `torch` or `onnx`; the other libraries know torch only.

    """
    return TASKS[task](model, backend)


def _embed(model: str, backend: str) -> Callable[[list[str]], Answers]:
    encoder = SentenceTransformer(model, device="cpu", backend=backend)
    return lambda texts: encoder.encode(texts, normalize_embeddings=True).tolist()


def _rerank(model: str, backend: str) -> Callable[[list[str]], Answers]:
    encoder = CrossEncoder(model, device="cpu", backend=backend)
    return lambda texts: encoder.predict([(QUERY, text) for text in texts]).tolist()


def _answer(model: str, _: str) -> Callable[[list[str]], Answers]:
    reader = pipeline("question-answering", model)

    def answer(texts: list[str]) -> Answers:
        found = reader(question=[QUERY] * len(texts), context=texts, batch_size=len(texts))
        return [each["answer"] for each in (found if isinstance(found, list) else [found])]

    return answer


def _zero_shot(model: str, _: str) -> Callable[[list[str]], Answers]:
    classifier = pipeline("zero-shot-classification", model)

    def classify(texts: list[str]) -> Answers:
        found = classifier(texts, LABELS, multi_label=True, batch_size=len(texts) * len(LABELS))
        return [_in_order(zip(each["labels"], each["scores"], strict=True)) for each in found]

    return classify


def _classify(model: str, _: str) -> Callable[[list[str]], Answers]:
    classifier = pipeline("text-classification", model)

    def classify(texts: list[str]) -> Answers:
        found = classifier(texts, top_k=None, batch_size=len(texts), truncation=True)
        return [_in_order((one["label"], one["score"]) for one in each) for each in found]

    return classify


def _in_order(scores) -> list[float]:
    """The scores of all labels, by the labels' names."""
    return [score for _, score in sorted(scores)]


TASKS = {
    "embedding": _embed,
    "rerank": _rerank,
    "question answering": _answer,
    "zero-shot": _zero_shot,
    "classification": _classify,
}

if __name__ == "__main__":  # `original.py TASK MODEL < texts > answers`, both as JSON
    json.dump(load(sys.argv[1], sys.argv[2])(json.load(sys.stdin)), sys.stdout)
