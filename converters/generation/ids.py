"""Tokens with a meaning of their own, as the model's files name them."""

from pathlib import Path
from typing import Any

from transformers import GenerationConfig, PretrainedConfig


def generation_config(root: Path, config: PretrainedConfig) -> GenerationConfig:
    """What the model says about generating: a file of its own, or what stands in its `config.json`."""
    if (root / "generation_config.json").is_file():
        return GenerationConfig.from_pretrained(root, local_files_only=True)
    return GenerationConfig.from_model_config(config)


def eos_ids(root: Path, config: PretrainedConfig) -> tuple[int, ...]:
    """Tokens any of which ends a text."""
    found: Any = generation_config(root, config).eos_token_id
    found = config.eos_token_id if found is None else found
    if found is None:
        return ()
    return tuple(found) if isinstance(found, list) else (found,)


def start_id(root: Path, config: PretrainedConfig) -> int | None:
    """Token that the output of an encoder-decoder begins with."""
    if not config.is_encoder_decoder:
        return None
    found = generation_config(root, config).decoder_start_token_id
    found = getattr(config, "decoder_start_token_id", None) if found is None else found
    return getattr(config, "bos_token_id", None) if found is None else found
