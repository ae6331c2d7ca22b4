"""Reranking: query and passage in, one score of how well they fit out."""

from transformers import AutoModelForSequenceClassification, PretrainedConfig

from converters.families.family import Description
from converters.families.text import TextFamily
from converters.inspection.cross_encoder import is_cross_encoder, scores_by_sigmoid
from model_repository.heads import RerankHead
from model_repository.manifest import Task


class RerankFamily(TextFamily):
    """Cross-encoders, known by their single column."""

    name = "rerank"
    tasks = frozenset({Task.RERANK})
    suffix = "ForSequenceClassification"
    auto = AutoModelForSequenceClassification

    def claims(self, model: Description) -> bool:
        """Classifiers of one column that is a score of pairs, by what they say or what is asked."""
        asked = bool(model.asked) and model.config.num_labels == 1
        return super().claims(model) and (asked or is_cross_encoder(model.config))

    def head(self, config: PretrainedConfig) -> RerankHead:
        """The score as sentence-transformers gives it."""
        return RerankHead(output="logits", sigmoid=scores_by_sigmoid(config))
