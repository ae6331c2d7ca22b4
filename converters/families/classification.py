"""Text classification: one text in, one score for each of the model's own labels out."""

from transformers import AutoModelForSequenceClassification, PretrainedConfig

from converters.families.text import TextFamily
from converters.inspection.labels import is_multi_label, read_labels
from model_repository.heads import ClassificationHead
from model_repository.manifest import Task


class ClassificationFamily(TextFamily):
    """Classifiers of texts."""

    name = "classification"
    tasks = frozenset({Task.TEXT_CLASSIFICATION})
    suffix = "ForSequenceClassification"
    auto = AutoModelForSequenceClassification

    def head(self, config: PretrainedConfig) -> ClassificationHead:
        """The model's labels."""
        multi_label = is_multi_label(config)
        return ClassificationHead(output="logits", labels=read_labels(config), multi_label=multi_label)
