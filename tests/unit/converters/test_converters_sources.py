"""Which files are taken, and the digest over them."""

from pathlib import Path

import pytest

from converters.sources import fetch
from converters.sources.files import digest, wanted
from converters.spec import BuildSpec


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("model-00001-of-00002.safetensors", True),
        ("1_Pooling/config.json", True),
        ("vocab.txt", True),
        ("sentencepiece.bpe.model", True),
        ("pytorch_model.bin", False),
        ("modeling_custom.py", False),
        ("onnx/tokenizer.json", False),
        ("openvino/nested/config.json", False),
    ],
)
def test_only_data_of_the_original_is_wanted(path: str, taken: bool) -> None:
    assert wanted([path]) == [path] * taken


def test_graphs_are_taken_where_nothing_could_be_exported() -> None:
    assert wanted(["model.onnx", "config.json", "onnx/model.onnx"]) == ["model.onnx", "config.json"]
    assert wanted(["model.onnx", "config.json", "model.safetensors"]) == ["config.json", "model.safetensors"]


def write(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / f"{name}.json").write_text(content)
    return folder


def test_the_digest_covers_names_and_bytes(tmp_path: Path) -> None:
    first = digest(write(tmp_path / "a", config="{}", index="[]"))
    assert first == digest(write(tmp_path / "b", index="[]", config="{}"))
    assert first != digest(write(tmp_path / "c", config="{}", index="{}"))
    assert first != digest(write(tmp_path / "d", config="{}", other="[]"))
    assert first.startswith("sha256:")


def test_a_folder_is_copied_and_named_by_its_full_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "source", config="{}")
    (source / "weights.bin").write_bytes(b"pickle")
    target = tmp_path / "target"
    target.mkdir()
    monkeypatch.chdir(tmp_path)
    progress: list[float] = []
    spec = BuildSpec(build_id="1", owner="global", name="mini", version=1, source="file:source")
    uri = fetch(spec, target, lambda percent, _: progress.append(percent))
    assert uri == f"file:{source}"
    assert [path.name for path in target.iterdir()] == ["config.json"]
    assert progress == [0]
    (source / "config.json").write_text("changed")
    assert (target / "config.json").read_text() == "{}"
