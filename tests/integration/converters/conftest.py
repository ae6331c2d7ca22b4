"""Builds for tests: of a tiny model with random weights, and of the real MiniLM."""

from collections.abc import Callable
from pathlib import Path

import pytest
from converter_builds import MINILM, MINILM_SHA256, Build, spec_of
from converter_models import write_model
from shared_builds import SharedBuilds, convert


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """A fresh tiny BERT that a test may damage."""
    return write_model(tmp_path / "source", "bert")


@pytest.fixture
def make_build(tmp_path: Path) -> Callable[..., Build]:
    """Starts nothing: a build of a source in a workspace of its own."""

    def make(source: str, **changes: object) -> Build:
        return Build(spec_of(source, **changes), tmp_path / "workspace")

    return make


@pytest.fixture(scope="session")
def tiny(shared_builds: SharedBuilds) -> Build:
    """A finished build of a tiny BERT; tests copy its workspace before they touch it."""
    return finished(shared_builds, "bert")


@pytest.fixture(scope="session")
def reader(shared_builds: SharedBuilds) -> Build:
    """A finished build of a tiny extractive reader, for the same use."""
    return finished(shared_builds, "bert-qa")


def finished(builds: SharedBuilds, architecture: str) -> Build:
    with builds.alone(f"converters-{architecture}") as folder:
        source = folder / "source"
        if not source.exists():
            write_model(source, architecture)
        build = Build(spec_of(f"file:{source}"), folder / "workspace")
        convert(build.spec, build.workspace)
        return build


@pytest.fixture(scope="session")
def minilm(shared_builds: SharedBuilds) -> tuple[Build, Path]:
    """The real model, converted once a run, and its entry."""
    spec = spec_of(MINILM, name="all-minilm-l6-v2", sha256=MINILM_SHA256, threads=2)
    with shared_builds.alone("converters-minilm") as workspace:
        build = Build(spec, workspace)
        return build, build.run()
