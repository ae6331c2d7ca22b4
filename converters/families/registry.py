"""The families by name, in the order in which they are asked."""

from converters.families.embedding import EmbeddingFamily
from converters.families.family import Description, Family, GraphFamily
from converters.spec import ConversionError

GRAPH_FAMILIES: dict[str, GraphFamily] = {family.name: family for family in (EmbeddingFamily(),)}
"""Those whose models are called once a batch."""

FAMILIES: dict[str, Family] = {**GRAPH_FAMILIES}
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
