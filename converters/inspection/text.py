"""How text gets into a model: its tokenizer, the inputs it takes and how long they may be."""

import inspect
from pathlib import Path

import torch
from msgspec.structs import replace
from tokenizers import Tokenizer
from transformers import AutoModel, PretrainedConfig

from converters.causes import first_line
from converters.inspection.tokenizer import write_tokenizer
from converters.results import Part
from converters.spec import ConversionError
from model_repository.layout import TOKENIZER
from model_repository.manifest import TokenizerSpec


def with_text(
    part: Part,
    root: Path,
    config: PretrainedConfig,
    folder: Path,
    *,
    whole: bool = False,
    max_length: int | None = None,
    lowercase: bool = False,
) -> Part:
    """The part with its text side filled in; writes `tokenizer.json` into the part's folder, which is made.

    Args:
        part: its head says whether two texts go in together.
        root: folder of the tokenizer's files.
        config: of the model, or of the part of it that reads text.
        folder: the stage's.
        whole: the model looks for its special tokens, so that even the shortest text has them.
        max_length: the limit in tokens where something else than the tokenizer sets it.
        lowercase: lower the text before anything else.

    Raises:
        ConversionError: the tokenizer cannot be used, or nothing says how long the input may be.

    """
    target = folder / part.folder / "tokenizer.json"
    target.parent.mkdir(parents=True)
    pad_id = getattr(config, "pad_token_id", None)
    written = write_tokenizer(root, target, lowercase=lowercase, pad_id=pad_id)
    positions, takes_types = _shape(config)
    lengths = [length for length in (max_length or written.max_length, positions) if length is not None]
    if not lengths:
        raise ConversionError(
            "the model does not say how long its input may be",
            hint="Set model_max_length in tokenizer_config.json.",
        )
    texts = ("one", "other") if part.pairs else ("one",)
    encoded = Tokenizer.from_file(str(target)).encode(*texts)
    needs_types = takes_types and any(encoded.type_ids)
    return replace(
        part,
        tokenizer=TokenizerSpec(
            path=TOKENIZER, max_length=min(lengths), pad_id=written.pad_id, pad_token=written.pad_token
        ),
        inputs=("input_ids", "attention_mask", *(("token_type_ids",) if needs_types else ())),
        shortest=sum(encoded.special_tokens_mask) + len(texts) if part.pairs or whole else 1,
    )


def _shape(config: PretrainedConfig) -> tuple[int | None, bool]:
    """Longest input by the position table, and whether the model tells token types apart.

    Built without memory for the weights. A table with a padding row counts positions from behind that row, so
    RoBERTa's 514 positions hold 512 tokens.
    """
    try:
        with torch.device("meta"):
            model = AutoModel.from_config(config)
    except Exception as error:
        raise ConversionError(
            f"the architecture of {type(config).__name__} cannot be built: {first_line(str(error))}",
            hint="Check config.json, or convert another architecture.",
        ) from error
    known = "token_type_ids" in inspect.signature(model.forward).parameters
    takes_types = known and getattr(config, "type_vocab_size", 0) > 1
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            used = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - used, takes_types
    return getattr(config, "max_position_embeddings", None), takes_types
