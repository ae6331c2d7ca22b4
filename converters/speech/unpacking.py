"""Whisper in CTranslate2's format becomes a folder as `save_pretrained` writes it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from converters.causes import first_line
from converters.inspection.files import read_json
from converters.messages import Progress
from converters.spec import ConversionError
from converters.speech.ctranslate2 import MODEL, read_tensors, specification

SPECIFICATION = "WhisperSpec"

MULTILINGUAL = 51_865
"""Tokens of the smallest vocabulary that knows several languages."""

Arrays = Mapping[str, NDArray[Any]]

_SIMPLE = {
    "encoder/conv1": "encoder.conv1",
    "encoder/conv2": "encoder.conv2",
    "encoder/layer_norm": "encoder.layer_norm",
    "decoder/layer_norm": "decoder.layer_norm",
}
_TABLES = {
    "encoder/position_encodings/encodings": "encoder.embed_positions.weight",
    "decoder/position_encodings/encodings": "decoder.embed_positions.weight",
    "decoder/embeddings/weight": "decoder.embed_tokens.weight",
}
_SUFFIXES = {"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}

_LAYER = re.compile(r"(?P<tower>encoder|decoder)/layer_(?P<number>\d+)/(?P<rest>.+)/(?P<suffix>\w+)")
_LAYERS: dict[str, tuple[str, ...]] = {
    "self_attention/layer_norm": ("self_attn_layer_norm",),
    "self_attention/linear_0": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "self_attention/linear_1": ("self_attn.out_proj",),
    "attention/layer_norm": ("encoder_attn_layer_norm",),
    "attention/linear_0": ("encoder_attn.q_proj",),
    "attention/linear_1": ("encoder_attn.k_proj", "encoder_attn.v_proj"),
    "attention/linear_2": ("encoder_attn.out_proj",),
    "ffn/layer_norm": ("final_layer_norm",),
    "ffn/linear_0": ("fc1",),
    "ffn/linear_1": ("fc2",),
}
"""One matrix there may be several here, in this order along the first axis."""


def unpack(folder: Path, progress: Progress) -> None:
    """Replace a `model.bin` of CTranslate2 by `config.json`, `generation_config.json` and weights in fp32.

    These weights are the original from then on. Other folders are left as they are.

    Raises:
        ConversionError: it holds another kind of model, or is damaged.

    """
    file = folder / MODEL
    if not file.is_file() or (found := specification(file)) is None:
        return
    if found != SPECIFICATION:
        raise ConversionError(
            f"{MODEL} holds a {found} of CTranslate2, and of those only {SPECIFICATION} is converted",
            hint="Convert the model from its own folder, as save_pretrained() writes it.",
        )
    progress(85, f"unpacking {MODEL}")
    try:
        _unpack(folder, read_tensors(file))
    except Exception as error:
        raise ConversionError(
            f"{MODEL} cannot be read: {first_line(str(error))}",
            hint="Only Whisper in CTranslate2's format with weights in fp32 or fp16 is converted.",
        ) from error
    file.unlink()


def weights(arrays: Arrays) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The tensors under the names of transformers, without those that only say how CTranslate2 computes."""
    for name, array in arrays.items():
        prefix, _, suffix = name.rpartition("/")
        if name in _TABLES:
            yield f"model.{_TABLES[name]}", array.astype(np.float32)
        elif prefix in _SIMPLE:
            yield f"model.{_SIMPLE[prefix]}.{_SUFFIXES[suffix]}", array.astype(np.float32)
        elif found := _LAYER.fullmatch(name):
            targets = _LAYERS[found["rest"]]
            for target, part in zip(targets, np.split(array, len(targets)), strict=True):
                if not (target.endswith("k_proj") and suffix == "bias"):  # it would change nothing
                    layer = f"model.{found['tower']}.layers.{found['number']}"
                    yield f"{layer}.{target}.{_SUFFIXES[suffix]}", part.astype(np.float32)


def _unpack(folder: Path, arrays: Arrays) -> None:
    import torch  # noqa: PLC0415  # takes seconds, and other sources need none of it
    from transformers import GenerationConfig, WhisperConfig, WhisperForConditionalGeneration  # noqa: PLC0415

    given = read_json(folder / "config.json", dict[str, Any])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    special = {token: number for token, number in tokenizer.get_vocab().items() if token.startswith("<|")}
    start, end = special["<|startoftranscript|>"], special["<|endoftext|>"]
    vocabulary, width = arrays["decoder/embeddings/weight"].shape
    config = WhisperConfig(
        vocab_size=vocabulary,
        num_mel_bins=arrays["encoder/conv1/weight"].shape[1],
        d_model=width,
        encoder_layers=_layers(arrays, "encoder"),
        decoder_layers=_layers(arrays, "decoder"),
        encoder_attention_heads=int(arrays["encoder/num_heads"]),
        decoder_attention_heads=int(arrays["decoder/num_heads"]),
        encoder_ffn_dim=len(arrays["encoder/layer_0/ffn/linear_0/bias"]),
        decoder_ffn_dim=len(arrays["decoder/layer_0/ffn/linear_0/bias"]),
        max_source_positions=len(arrays["encoder/position_encodings/encodings"]),
        max_target_positions=len(arrays["decoder/position_encodings/encodings"]),
        decoder_start_token_id=start,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )
    model = WhisperForConditionalGeneration(config)
    named = {name: torch.from_numpy(array) for name, array in weights(arrays)}
    model.load_state_dict({**named, "proj_out.weight": named["model.decoder.embed_tokens.weight"]})
    model.generation_config = GenerationConfig(
        decoder_start_token_id=start,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        suppress_tokens=given.get("suppress_ids"),
        begin_suppress_tokens=given.get("suppress_ids_begin"),
        no_timestamps_token_id=special["<|notimestamps|>"],
        is_multilingual=vocabulary >= MULTILINGUAL,
    )
    model.save_pretrained(folder)


def _layers(arrays: Arrays, tower: str) -> int:
    return len(
        {name.split("/")[1] for name in arrays if name.startswith(f"{tower}/layer_") and "ffn" in name}
    )
