"""Labels of the request and of the model, and the ranking that every classification answers with."""

from collections.abc import Sequence

from gateway.serving.errors import LabelsRequiredError
from gateway.serving.probabilities import Probabilities, sigmoid, softmax
from gateway.serving.rows import Array
from model_repository.heads import ClassificationHead
from model_repository.manifest import Manifest

Labels = Sequence[str] | None
"""Labels to judge one input by; None where the caller names none."""

Ranking = dict[str, float]
"""Labels with their probabilities, the most probable first."""


def required(graph: Manifest, labels: Sequence[Labels]) -> list[list[str]]:
    """Labels of each input, every one once.

    Raises:
        LabelsRequiredError: an input comes without.

    """
    given = [list(dict.fromkeys(each)) for each in labels if each]
    if len(given) != len(labels):
        raise LabelsRequiredError(f"`labels` is missing: model {graph.name} has no labels of its own")
    return given


def rank(labels: Sequence[str], probabilities: Probabilities, top_k: int) -> Ranking:
    """Labels in falling order of probability, equal ones in their given order.

    Args:
        top_k: keeps the first k of that order as they are, not rescaled; 0 keeps all.

    """
    judged = zip(labels, probabilities.tolist(), strict=True)
    ordered = sorted(judged, key=lambda item: item[1], reverse=True)
    return dict(ordered[:top_k] if top_k else ordered)


def rank_own(head: ClassificationHead, logits: Array, top_k: int) -> Ranking:
    """Ranking of the labels that a model was trained on; `logits` is one row of its output."""
    probabilities = sigmoid(logits) if head.multi_label else softmax(logits)
    return rank(head.labels, probabilities, top_k)
