"""What differs between the families of tasks, one file each; the stages are the same for all of them."""

from converters.spec import ConversionError
from converters.tasks.embedding import EmbeddingFamily
from converters.tasks.family import Family
from model_repository.manifest import Task

FAMILIES: dict[Task, Family] = {Task.EMBEDDING: EmbeddingFamily()}


def detect_task(architecture: str, *, pipeline: bool) -> Task:
    """What a model of this architecture does.

    Args:
        architecture: class name in `config.json`.
        pipeline: the model came with a sentence-transformers pipeline.

    Raises:
        ConversionError: none of the tasks that are converted.

    """
    for task, family in FAMILIES.items():
        if family.claims(architecture, pipeline=pipeline):
            return task
    raise ConversionError(
        f"the architecture {architecture} does none of the tasks that are converted: {', '.join(FAMILIES)}",
        hint="Convert an encoder such as BertModel, or name the task of the model.",
    )
