"""Extractive question answering: question and context in, where the answer begins and ends out."""

from transformers import AutoModelForQuestionAnswering, PretrainedConfig

from converters.families.text import TextFamily
from model_repository.heads import SpanHead
from model_repository.manifest import Task


class SpanFamily(TextFamily):
    """Readers that point at the answer."""

    name = "span"
    tasks = frozenset({Task.QUESTION_ANSWERING})
    suffix = "ForQuestionAnswering"
    auto = AutoModelForQuestionAnswering
    outputs = ("start_logits", "end_logits")

    def head(self, _config: PretrainedConfig) -> SpanHead:
        """Both ends."""
        start, end = self.outputs
        return SpanHead(start=start, end=end)
