"""Entailment: premise and hypothesis in, NLI logits out, from which zero-shot classification is made."""

from transformers import AutoModelForSequenceClassification, PretrainedConfig

from converters.families.family import Description
from converters.families.text import TextFamily
from converters.inspection.labels import read_labels
from converters.spec import ConversionError
from model_repository.heads import EntailmentHead
from model_repository.manifest import Task

ENTAILMENT = "entailment"
OPPOSITES = ("contradiction", "not_entailment")
"""Models of three labels have the first, models of two the second."""


class EntailmentFamily(TextFamily):
    """Classifiers of pairs, known by their labels; the order of the labels differs from model to model."""

    name = "entailment"
    tasks = frozenset({Task.TEXT_CLASSIFICATION})
    suffix = "ForSequenceClassification"
    auto = AutoModelForSequenceClassification

    def claims(self, model: Description) -> bool:
        """Classifiers whose labels are those of NLI."""
        return super().claims(model) and columns(model.config) is not None

    def head(self, config: PretrainedConfig) -> EntailmentHead:
        """Which columns count."""
        found = columns(config)
        if found is None:
            raise ConversionError(
                "the labels are not those of natural language inference",
                hint="Name two of the labels in config.json entailment and contradiction.",
            )
        entailment, contradiction = found
        return EntailmentHead(output="logits", entailment=entailment, contradiction=contradiction)


def columns(config: PretrainedConfig) -> tuple[int, int] | None:
    """Columns of entailment and of its opposite, or None where the labels are others."""
    labels = [label.lower().replace(" ", "_").replace("-", "_") for label in read_labels(config)]
    opposites = [label for label in OPPOSITES if label in labels]
    if ENTAILMENT not in labels or len(opposites) != 1 or len(labels) > 3:
        return None
    return labels.index(ENTAILMENT), labels.index(opposites[0])
