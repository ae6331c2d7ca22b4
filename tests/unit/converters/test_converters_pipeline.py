"""Pipelines as sentence-transformers writes them."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from converters.inspection.pipeline import Activation, Dense, Pipeline, read_pipeline
from converters.spec import ConversionError
from model_repository.heads import Pooling


def write(root: Path, kinds: list[str], pooling: dict[str, object], transformer: str = "") -> Path:
    paths = {
        "Transformer": transformer,
        "Pooling": "1_Pooling",
        "Normalize": "2_Normalize",
        "Dense": "3_Dense",
        "LSTM": "4_LSTM",
    }
    modules = [
        {"idx": n, "name": str(n), "path": paths[kind], "type": f"sentence_transformers.models.{kind}"}
        for n, kind in enumerate(kinds)
    ]
    (root / "modules.json").write_text(json.dumps(modules))
    (root / "1_Pooling").mkdir()
    (root / "1_Pooling/config.json").write_text(json.dumps(pooling))
    return root


MEAN = {
    "word_embedding_dimension": 384,
    "pooling_mode_cls_token": False,
    "pooling_mode_mean_tokens": True,
    "pooling_mode_max_tokens": False,
    "pooling_mode_mean_sqrt_len_tokens": False,
}


def test_a_plain_encoder_has_none(tmp_path: Path) -> None:
    assert read_pipeline(tmp_path) is None


def test_the_usual_pipeline(tmp_path: Path) -> None:
    write(tmp_path, ["Transformer", "Pooling", "Normalize"], MEAN)
    (tmp_path / "sentence_bert_config.json").write_text('{"max_seq_length": 256, "do_lower_case": true}')
    assert read_pipeline(tmp_path) == Pipeline(
        root="", pooling=Pooling.MEAN, normalise=True, max_length=256, lowercase=True
    )


def test_the_transformer_may_lie_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path, ["Transformer", "Pooling"], MEAN, transformer="0_Transformer")
    assert read_pipeline(tmp_path) == Pipeline(root="0_Transformer", pooling=Pooling.MEAN)


@pytest.mark.parametrize(
    ("config", "pooling"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, Pooling.CLS),
        ({"pooling_mode_max_tokens": True, "include_prompt": True}, Pooling.MAX),
        ({"pooling_mode": "cls", "embedding_dimension": 8}, Pooling.CLS),
    ],
)
def test_pooling_in_its_older_and_newer_form(
    tmp_path: Path, config: dict[str, object], pooling: Pooling
) -> None:
    pipeline = read_pipeline(write(tmp_path, ["Transformer", "Pooling"], config))
    assert pipeline is not None
    assert pipeline.pooling is pooling


@pytest.mark.parametrize(
    "config",
    [
        {"pooling_mode_mean_sqrt_len_tokens": True},
        {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True},
        {"pooling_mode_mean_tokens": False},
        {"pooling_mode": "lasttoken"},
    ],
)
def test_other_poolings_are_refused(tmp_path: Path, config: dict[str, object]) -> None:
    with pytest.raises(ConversionError, match=r"pooling .* is not converted"):
        read_pipeline(write(tmp_path, ["Transformer", "Pooling"], config))


def write_dense(root: Path, activation: str) -> Path:
    write(root, ["Transformer", "Pooling", "Dense", "Normalize"], MEAN)
    (root / "3_Dense").mkdir()
    config = {"in_features": 8, "out_features": 4, "bias": False, "activation_function": activation}
    (root / "3_Dense/config.json").write_text(json.dumps(config))
    save_file({"linear.weight": np.zeros((4, 8), np.float32)}, root / "3_Dense/model.safetensors")
    return root


@pytest.mark.parametrize(
    ("name", "activation"),
    [
        ("torch.nn.modules.activation.Tanh", Activation.TANH),
        ("torch.nn.modules.linear.Identity", Activation.IDENTITY),
    ],
)
def test_a_dense_layer(tmp_path: Path, name: str, activation: Activation) -> None:
    pipeline = read_pipeline(write_dense(tmp_path, name))
    assert pipeline is not None
    assert pipeline.dense == (
        Dense(path="3_Dense", in_features=8, out_features=4, bias=False, activation=activation),
    )
    assert pipeline.normalise


def test_another_activation_is_refused(tmp_path: Path) -> None:
    write_dense(tmp_path, "torch.nn.modules.activation.GELU")
    with pytest.raises(ConversionError, match="the activation GELU"):
        read_pipeline(tmp_path)


def test_a_dense_layer_without_safetensors_is_refused(tmp_path: Path) -> None:
    write_dense(tmp_path, "torch.nn.modules.activation.Tanh")
    (tmp_path / "3_Dense/model.safetensors").rename(tmp_path / "3_Dense/pytorch_model.bin")
    with pytest.raises(ConversionError, match=r"no \.safetensors weights"):
        read_pipeline(tmp_path)


@pytest.mark.parametrize(
    "kinds", [["Transformer", "Dense", "Pooling"], ["Transformer", "Pooling", "LSTM"], ["Pooling"], []]
)
def test_other_steps_are_refused(tmp_path: Path, kinds: list[str]) -> None:
    with pytest.raises(ConversionError, match="is not converted"):
        read_pipeline(write(tmp_path, kinds, MEAN))


def test_a_prompt_before_every_text_is_refused(tmp_path: Path) -> None:
    write(tmp_path, ["Transformer", "Pooling"], MEAN)
    settings = tmp_path / "config_sentence_transformers.json"
    settings.write_text('{"prompts": {"query": "query: "}, "default_prompt_name": null}')
    assert read_pipeline(tmp_path) is not None
    settings.write_text('{"prompts": {"query": "query: "}, "default_prompt_name": "query"}')
    with pytest.raises(ConversionError, match="prompt 'query' before every text"):
        read_pipeline(tmp_path)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text('[{"path": 1}]')
    with pytest.raises(ConversionError, match=r"modules\.json is damaged"):
        read_pipeline(tmp_path)
