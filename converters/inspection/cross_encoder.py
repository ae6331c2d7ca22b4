"""Cross-encoders: classifiers of a single column that say how well two texts fit."""

from typing import Any

from transformers import PretrainedConfig

from converters.spec import ConversionError

SIGMOID, IDENTITY = "Sigmoid", "Identity"
"""Ends of the class names of activations; the second one leaves the logit as it is."""


def is_cross_encoder(config: PretrainedConfig) -> bool:
    """Whether a classifier's one column is a score of a pair.

    A regression of one text looks just the same, so one that calls itself a regression must have been saved
    by sentence-transformers.
    """
    if config.num_labels != 1 or config.problem_type == "multi_label_classification":
        return False
    return config.problem_type != "regression" or _activation(config) is not None


def scores_by_sigmoid(config: PretrainedConfig | None) -> bool:
    """Whether scores are the logits' sigmoids, sentence-transformers' default unless the model says other.

    Args:
        config: of the model, or None where it has none.

    Raises:
        ConversionError: the model names an activation that is neither.

    """
    named = (_activation(config) if config is not None else None) or SIGMOID
    activation = named.rpartition(".")[2]
    if activation not in (SIGMOID, IDENTITY):
        raise ConversionError(
            f"the activation {activation} of the cross-encoder is not converted",
            hint=f"{SIGMOID} and {IDENTITY} are.",
        )
    return activation == SIGMOID


def _activation(config: PretrainedConfig) -> str | None:
    """Class name in one of the two places where sentence-transformers has kept it."""
    own: dict[str, Any] = getattr(config, "sentence_transformers", None) or {}
    older: str | None = getattr(config, "sbert_ce_default_activation_function", None)
    return own.get("activation_fn") or older
