"""Token classification: one text in, one score for each token and label out."""

from transformers import AutoModelForTokenClassification, PretrainedConfig

from converters.families.text import TextFamily
from converters.inspection.labels import read_labels
from model_repository.heads import TokenClassificationHead
from model_repository.manifest import Task


class TokenClassificationFamily(TextFamily):
    """Taggers, such as those that find names."""

    name = "token-classification"
    tasks = frozenset({Task.TOKEN_CLASSIFICATION})
    suffix = "ForTokenClassification"
    auto = AutoModelForTokenClassification

    def head(self, config: PretrainedConfig) -> TokenClassificationHead:
        """The model's labels."""
        return TokenClassificationHead(output="logits", labels=read_labels(config))
