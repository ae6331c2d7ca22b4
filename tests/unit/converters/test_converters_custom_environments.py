"""The packages that builds share: what is left of them on the disk."""

import fcntl
import os
from pathlib import Path

import pytest

from converters.custom import environment
from converters.custom.environment import FOLDER, copy_environment, prune
from converters.spec import BuildSpec, ConversionError
from model_repository.settings import PackageSettings


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / FOLDER
    folder.mkdir()
    return folder


def write(cache: Path, name: str, size: int, *, asked: int = 0) -> Path:
    folder = cache / name
    (folder / "package").mkdir(parents=True)
    (folder / "package" / "module.py").write_bytes(bytes(size))
    os.utime(folder, (asked, asked))
    return folder


def test_what_nobody_asked_for_longest_goes_first(cache: Path) -> None:
    old, newer, newest = (write(cache, name, 200_000, asked=age) for age, name in enumerate("cab"))
    prune(cache, 700_000)
    assert old.is_dir()
    prune(cache, 500_000)
    assert (old.exists(), newer.exists(), newest.exists()) == (False, True, True)
    assert (newest / "package" / "module.py").stat().st_size == 200_000


def test_what_killed_builds_left_goes_and_what_is_in_use_stays(cache: Path) -> None:
    left = write(cache, "a.draft", 1000)
    used, drafted = write(cache, "b", 1000), write(cache, "b.draft", 1000)
    with (cache / "b.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        prune(cache, 0)
        assert (left.exists(), used.exists(), drafted.exists()) == (False, True, True)
    prune(cache, 0)
    assert not used.exists()
    assert not drafted.exists()


def spec() -> BuildSpec:
    return BuildSpec(
        build_id="1",
        owner="alice",
        name="m",
        version=1,
        source="upload:x",
        packages=PackageSettings(cache_bytes=0),
    )


def test_a_build_keeps_its_packages_when_the_shared_ones_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(_spec: BuildSpec, draft: Path, _requirements: object) -> None:
        write(draft, "packages", 1000)

    monkeypatch.setattr(environment, "_install", install)
    copy_environment(spec(), tmp_path, ["numpy"], tmp_path / "mine")
    assert (tmp_path / "mine" / "package" / "module.py").stat().st_size == 1000
    assert [path for path in (tmp_path / FOLDER).iterdir() if path.is_dir()] == []


def test_an_attempt_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def install(_spec: BuildSpec, draft: Path, _requirements: object) -> None:
        write(draft, "packages", 1000)
        raise ConversionError("the requirements cannot be installed", hint="")

    monkeypatch.setattr(environment, "_install", install)
    with pytest.raises(ConversionError):
        copy_environment(spec(), tmp_path, ["numpy"], tmp_path / "mine")
    assert [path for path in (tmp_path / FOLDER).iterdir() if path.is_dir()] == []
