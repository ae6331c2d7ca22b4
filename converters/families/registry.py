"""The families by name, in the order in which they are asked."""

from converters.families.classification import ClassificationFamily
from converters.families.clip import ClipFamily
from converters.families.embedding import EmbeddingFamily
from converters.families.entailment import EntailmentFamily
from converters.families.family import Description, Family, GraphFamily
from converters.families.images import ImageClassificationFamily
from converters.families.rerank import RerankFamily
from converters.families.span import SpanFamily
from converters.families.tokens import TokenClassificationFamily
from converters.generation.family import GenerationFamily
from converters.spec import ConversionError
from converters.speech.family import SpeechFamily

_GRAPHS: tuple[GraphFamily, ...] = (
    ClipFamily(),
    EntailmentFamily(),
    RerankFamily(),
    ClassificationFamily(),
    SpanFamily(),
    TokenClassificationFamily(),
    ImageClassificationFamily(),
    EmbeddingFamily(),
)
"""From those that know their models by most to the one that takes any encoder."""

GRAPH_FAMILIES = {family.name: family for family in _GRAPHS}
"""Those whose models are called once a batch."""

FAMILIES: dict[str, Family] = {
    **GRAPH_FAMILIES,
    SpeechFamily.name: SpeechFamily(),
    GenerationFamily.name: GenerationFamily(),
}
"""All of them."""


def family_of(model: Description) -> Family:
    """The family that converts a model.

    Raises:
        ConversionError: none does, or none for the tasks that the build names.

    """
    for family in FAMILIES.values():
        if model.asked <= family.tasks and family.claims(model):
            return family
    if model.asked:
        raise ConversionError(
            f"the architecture {model.architecture} does not do {' and '.join(sorted(model.asked))}",
            hint="Leave the tasks out to have the model's own found, or convert a model made for them.",
        )
    tasks = ", ".join(sorted({task for family in FAMILIES.values() for task in family.tasks}))
    raise ConversionError(
        f"the architecture {model.architecture} does none of the tasks that are converted: {tasks}",
        hint="Convert a model of transformers made for one of them, or name the task of the model.",
    )
