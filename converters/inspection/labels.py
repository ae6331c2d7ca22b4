"""The labels that a classifier was trained on."""

from transformers import PretrainedConfig

from converters.spec import ConversionError


def read_labels(config: PretrainedConfig) -> tuple[str, ...]:
    """Labels in the order of the columns of the logits.

    Raises:
        ConversionError: the columns are not numbered from 0 on, or two have the same label.

    """
    found = {int(column): str(label) for column, label in (config.id2label or {}).items()}
    if not found or sorted(found) != list(range(len(found))):
        raise ConversionError(
            "the labels in config.json are not numbered from 0 on", hint="Set id2label: one label a column."
        )
    labels = tuple(found[column] for column in range(len(found)))
    if len(set(labels)) < len(labels):
        raise ConversionError(
            "two labels in config.json are the same", hint="Give each column of id2label its own label."
        )
    return labels


def is_multi_label(config: PretrainedConfig) -> bool:
    """Whether labels are judged each by itself.

    Raises:
        ConversionError: the outputs are no labels but numbers.

    """
    multiple: bool = config.problem_type == "multi_label_classification"
    if config.problem_type == "regression" or (config.num_labels == 1 and not multiple):
        raise ConversionError(
            "the model gives a number, not labels: regression is not converted",
            hint="Convert a classifier with at least two labels, or name the task rerank where the number "
            "says how well two texts fit.",
        )
    return multiple
