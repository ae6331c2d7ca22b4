"""Builds for tests: of a tiny model with random weights, and of the real MiniLM."""

import logging
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from converter_builds import MINILM, MINILM_SHA256, Build, spec_of
from converter_models import write_model

# Thousands of lines an export, which pytest would format and keep.
logging.getLogger("torch.__trace").propagate = False


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
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A finished build of a tiny BERT; tests copy its workspace before they touch it."""
    return finished(tmp_path_factory.mktemp("tiny"), "bert")


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A finished build of a tiny extractive reader, for the same use."""
    return finished(tmp_path_factory.mktemp("reader"), "bert-qa")


def finished(root: Path, architecture: str) -> Build:
    build = Build(spec_of(f"file:{write_model(root / 'source', architecture)}"), root / "workspace")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporters' own
        build.run_here()
    return build


@pytest.fixture(scope="session")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Build, Path]:
    """The real model, converted once a session, and its entry."""
    spec = spec_of(MINILM, name="all-minilm-l6-v2", sha256=MINILM_SHA256, threads=2)
    build = Build(spec, tmp_path_factory.mktemp("minilm") / "workspace")
    return build, build.run()
