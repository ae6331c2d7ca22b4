"""Loads originals in fp32, and only from weights that fill them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from converters.spec import ConversionError


def load_original(kind: Any, root: Path, *, spare: Callable[[str], bool] = lambda name: False) -> Any:
    """A pretrained model in evaluation mode.

    Args:
        kind: class of transformers with `from_pretrained`, such as `AutoModel`.
        root: folder of `config.json` and the weights.
        spare: tells the weights, by name, that may be missing because nothing reads them.

    Raises:
        ConversionError: weights are missing or of another shape, which would leave random numbers.

    """
    model, info = kind.from_pretrained(
        root,
        local_files_only=True,
        dtype=torch.float32,
        output_loading_info=True,
        ignore_mismatched_sizes=True,
    )
    missing = sorted(name for name in info["missing_keys"] if not spare(name))
    missing += sorted(str(name) for name, *_ in info["mismatched_keys"])
    if missing:
        raise ConversionError(
            f"the weights lack {len(missing)} tensors of {type(model).__name__}, such as {missing[0]}",
            hint="Check that config.json and the weights belong together.",
        )
    model.eval()
    return model
