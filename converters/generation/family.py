"""Decoders and encoder-decoders of transformers that generate text."""

from pathlib import Path
from typing import Any

from msgspec.structs import replace
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, PretrainedConfig
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
)

from converters.families.family import Description
from converters.families.loading import load_original
from converters.generation.ids import eos_ids
from converters.inspection.tokenizer import load_tokenizer, write_tokenizer
from converters.results import Inspected, Part
from converters.spec import ConversionError
from model_repository.heads import GenerationHead
from model_repository.layout import TOKENIZER
from model_repository.manifest import Task, TokenizerSpec

UNBOUNDED_LENGTH = 512
"""Limit of models without a position table that name none either, such as T5: what they were trained on."""


class GenerationFamily:
    """One part whatever the model is made of.

    A model is asked for `text-generation` unless the build says more: which prompts an encoder-decoder was
    trained on, and so whether it answers questions or sums up, cannot be seen from its files.
    """

    name = "generation"
    stages = "converters.generation"
    tasks = frozenset({Task.TEXT_GENERATION, Task.QUESTION_ANSWERING, Task.SUMMARISATION, Task.EMOTION})

    def claims(self, model: Description) -> bool:
        """Causal language models and text-to-text models."""
        return model.architecture in _DECODERS or model.architecture in _ENCODER_DECODERS

    def inspect(self, model: Description, folder: Path) -> tuple[Part, ...]:
        """The one part.

        Raises:
            ConversionError: the model does not say how a text ends, or its tokenizer is damaged.

        """
        config = model.config
        ends = eos_ids(model.root, config)
        if not ends:
            raise ConversionError(
                "the model does not say which token ends a text", hint="Set eos_token_id in config.json."
            )
        head = GenerationHead(
            encoder_decoder=bool(config.is_encoder_decoder),
            eos_ids=ends,
            bos_id=getattr(config, "bos_token_id", None),
            max_length=_max_length(config),
            **_conversation(model.root),
        )
        part = Part(tasks=tuple(sorted(model.asked)) or (Task.TEXT_GENERATION,), head=head)
        target = folder / part.folder / "tokenizer.json"
        target.parent.mkdir(parents=True)
        # Prompts that go into one batch are padded, whatever with: what is masked has no effect.
        pad_id = ends[0] if config.pad_token_id is None else config.pad_token_id
        written = write_tokenizer(model.root, target, lowercase=False, pad_id=pad_id)
        tokenizer = TokenizerSpec(
            path=TOKENIZER,
            max_length=min(written.max_length or head.max_length, head.max_length),
            pad_id=written.pad_id,
            pad_token=written.pad_token,
        )
        return (replace(part, tokenizer=tokenizer),)

    def load(self, source: Path, facts: Inspected) -> Any:
        """The original in fp32 and evaluation mode.

        Raises:
            ConversionError: the weights do not fill the model.

        """
        kind = AutoModelForSeq2SeqLM if facts.architecture in _ENCODER_DECODERS else AutoModelForCausalLM
        return load_original(kind, source / facts.root)


_DECODERS = frozenset(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values())
_ENCODER_DECODERS = frozenset(MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES.values())


def _max_length(config: PretrainedConfig) -> int:
    """Most tokens that the model has positions for."""
    for name in ("max_position_embeddings", "n_positions"):
        if (found := getattr(config, name, None)) is not None:
            return int(found)
    return UNBOUNDED_LENGTH


def _conversation(root: Path) -> dict[str, Any]:
    """The tokenizer's templates for conversations, which stand in one file or several, and what they name.

    Raises:
        ConversionError: the tokenizer cannot be loaded, or a template is no text.

    """
    tokenizer = load_tokenizer(root)
    found = tokenizer.chat_template or {}
    templates = {"default": found} if isinstance(found, str) else found
    if not isinstance(templates, dict) or not all(isinstance(each, str) for each in templates.values()):
        raise ConversionError(
            "chat_template in tokenizer_config.json is neither a text nor texts by their names",
            hint="Write the template as one text, or leave it out.",
        )
    named = {name: token for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)}
    return {
        "chat_template": templates.get("default", ""),
        "tool_template": templates.get("tool_use", ""),
        "special_tokens": named,
    }
