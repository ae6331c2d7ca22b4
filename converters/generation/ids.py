"""Tokens with a meaning of their own, as the model's files name them."""

from pathlib import Path
from typing import Any

from transformers import GenerationConfig, PretrainedConfig

from converters.causes import first_line
from converters.spec import ConversionError

FILE = "generation_config.json"

LARGEST = 2**31
"""More than any vocabulary has."""


def generation_config(root: Path, config: PretrainedConfig) -> GenerationConfig:
    """What the model says about generating: a file of its own, or what stands in its `config.json`.

    Raises:
        ConversionError: it cannot be read.

    """
    own = (root / FILE).is_file()
    try:
        if own:
            return GenerationConfig.from_pretrained(root, local_files_only=True)
        return GenerationConfig.from_model_config(config)
    except Exception as error:
        raise ConversionError(
            f"{FILE if own else 'config.json'} does not say how to generate: {first_line(str(error))}",
            hint="Save it again, with save_pretrained().",
        ) from error


def eos_ids(root: Path, config: PretrainedConfig) -> tuple[int, ...]:
    """Tokens any of which ends a text.

    Raises:
        ConversionError: they are no ids.

    """
    found: Any = generation_config(root, config).eos_token_id
    found = config.eos_token_id if found is None else found
    if found is None:
        return ()
    ids = tuple(found) if isinstance(found, list) else (found,)
    if not all(type(each) is int and 0 <= each < LARGEST for each in ids):
        raise ConversionError(
            f"eos_token_id of {FILE} or config.json is {str(found)[:100]}, and neither an id nor ids",
            hint="Set it to the id of the token that ends a text.",
        )
    return ids


def start_id(root: Path, config: PretrainedConfig) -> int | None:
    """Token that the output of an encoder-decoder begins with."""
    if not config.is_encoder_decoder:
        return None
    found = generation_config(root, config).decoder_start_token_id
    found = getattr(config, "decoder_start_token_id", None) if found is None else found
    return getattr(config, "bos_token_id", None) if found is None else found
