"""Whisper in CTranslate2's format: read as it was written, refused where it is damaged."""

import json
import pickle
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import WhisperConfig, WhisperForConditionalGeneration

from converters.sources.files import drop_pickle, wanted
from converters.spec import ConversionError
from converters.speech.ctranslate2 import DamagedFileError, read_tensors, specification
from converters.speech.unpacking import unpack

TYPES = {np.dtype(np.float32): 0, np.dtype(np.int8): 1, np.dtype(np.int16): 2, np.dtype(np.float16): 4}
SPECIAL = ("<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>")
VOCABULARY = 20


def text(value: str) -> bytes:
    data = value.encode() + b"\0"
    return struct.pack("<H", len(data)) + data


def encoded(name: str, tensors: Mapping[str, np.ndarray[Any, Any]]) -> bytes:
    data = struct.pack("<I", 6) + text(name) + struct.pack("<II", 3, len(tensors))
    for key, array in tensors.items():
        data += text(key) + struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        data += struct.pack("<BI", TYPES[array.dtype], array.nbytes) + array.tobytes()
    return data + struct.pack("<I", 1) + text("decoder/projection/weight") + text("decoder/embeddings/weight")


def of(model: WhisperForConditionalGeneration) -> dict[str, np.ndarray[Any, Any]]:
    """A model's tensors under the names and in the order of CTranslate2."""
    state = {name: tensor.numpy().astype(np.float16) for name, tensor in model.state_dict().items()}
    state = {name.removeprefix("model."): array for name, array in state.items()}
    width = model.config.d_model
    found: dict[str, np.ndarray[Any, Any]] = {
        "encoder/num_heads": np.array(2, np.int16),
        "decoder/num_heads": np.array(2, np.int16),
        "decoder/embeddings/weight": state["decoder.embed_tokens.weight"],
    }

    def norm(target: str, source: str) -> None:
        found[f"{target}/gamma"], found[f"{target}/beta"] = state[f"{source}.weight"], state[f"{source}.bias"]

    def linear(target: str, *sources: str) -> None:
        found[f"{target}/weight"] = np.concatenate([state[f"{each}.weight"] for each in sources])
        biases = [state.get(f"{each}.bias", np.zeros(width, np.float16)) for each in sources]
        found[f"{target}/bias"] = np.concatenate(biases)

    for tower in ("encoder", "decoder"):
        found[f"{tower}/position_encodings/encodings"] = state[f"{tower}.embed_positions.weight"]
        norm(f"{tower}/layer_norm", f"{tower}.layer_norm")
        for number in range(2):
            here, there = f"{tower}/layer_{number}", f"{tower}.layers.{number}"
            norm(f"{here}/self_attention/layer_norm", f"{there}.self_attn_layer_norm")
            linear(
                f"{here}/self_attention/linear_0",
                *(f"{there}.self_attn.{each}_proj" for each in ("q", "k", "v")),
            )
            linear(f"{here}/self_attention/linear_1", f"{there}.self_attn.out_proj")
            norm(f"{here}/ffn/layer_norm", f"{there}.final_layer_norm")
            linear(f"{here}/ffn/linear_0", f"{there}.fc1")
            linear(f"{here}/ffn/linear_1", f"{there}.fc2")
            if tower == "decoder":
                norm(f"{here}/attention/layer_norm", f"{there}.encoder_attn_layer_norm")
                linear(f"{here}/attention/linear_0", f"{there}.encoder_attn.q_proj")
                linear(
                    f"{here}/attention/linear_1",
                    *(f"{there}.encoder_attn.{each}_proj" for each in ("k", "v")),
                )
                linear(f"{here}/attention/linear_2", f"{there}.encoder_attn.out_proj")
    for conv in ("conv1", "conv2"):
        for suffix in ("weight", "bias"):
            found[f"encoder/{conv}/{suffix}"] = state[f"encoder.{conv}.{suffix}"]
    return found


@pytest.fixture
def model() -> WhisperForConditionalGeneration:
    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=VOCABULARY,
        d_model=8,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=12,
        num_mel_bins=4,
        max_source_positions=6,
        max_target_positions=5,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_id=0,
        decoder_start_token_id=1,
    )
    return WhisperForConditionalGeneration(config).half().float().eval()


def write(folder: Path, data: bytes) -> None:
    (folder / "model.bin").write_bytes(data)
    (folder / "config.json").write_text(json.dumps({"suppress_ids": [3], "suppress_ids_begin": [4]}))
    vocabulary = {token: number for number, token in enumerate(SPECIAL)}
    Tokenizer(models.WordLevel(vocabulary, unk_token=SPECIAL[0])).save(str(folder / "tokenizer.json"))


def test_the_weights_come_under_the_names_of_transformers(
    tmp_path: Path, model: WhisperForConditionalGeneration
):
    write(tmp_path, encoded("WhisperSpec", of(model)))
    unpack(tmp_path, lambda *_: None)
    assert not (tmp_path / "model.bin").exists()
    found = WhisperForConditionalGeneration.from_pretrained(tmp_path)
    for name, tensor in model.state_dict().items():
        assert torch.equal(found.state_dict()[name], tensor), name
    assert found.generation_config.suppress_tokens == [3]
    assert found.generation_config.begin_suppress_tokens == [4]
    assert found.generation_config.no_timestamps_token_id == 2
    assert found.generation_config.is_multilingual is False


def test_other_models_of_ctranslate2_are_refused(tmp_path: Path):
    write(tmp_path, encoded("TransformerSpec", {}))
    with pytest.raises(ConversionError, match="TransformerSpec"):
        unpack(tmp_path, lambda *_: None)


def test_a_file_that_ends_early_is_refused(tmp_path: Path, model: WhisperForConditionalGeneration):
    whole = encoded("WhisperSpec", of(model))
    for size in (20, 60, len(whole) // 2):
        write(tmp_path, whole[:size])
        with pytest.raises(DamagedFileError):
            read_tensors(tmp_path / "model.bin")
        with pytest.raises(ConversionError, match="cannot be read"):
            unpack(tmp_path, lambda *_: None)


def test_pickles_are_dropped_and_never_unpacked(tmp_path: Path):
    assert wanted(["model.bin", "pytorch_model.bin"]) == ["model.bin"]
    file = tmp_path / "model.bin"
    for data in (pickle.dumps({"a": 1}), b"", b"\6\0\0\0\xff\xff"):
        file.write_bytes(data)
        assert specification(file) is None
        unpack(tmp_path, lambda *_: None)
        assert file.is_file()
        drop_pickle(tmp_path)
        assert not file.exists()
