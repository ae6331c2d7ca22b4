"""The comparison with other servers: what it accepts as an answer, and what its report makes of figures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scripts.benchmarks.peers import ratios, report
from scripts.benchmarks.peers.environments import REQUIREMENTS, pins
from scripts.benchmarks.peers.measuring import Figures
from scripts.benchmarks.peers.processes import last_error
from scripts.benchmarks.peers.run import Result, chosen
from scripts.benchmarks.peers.workloads import WORKLOADS

EMBEDDING, RERANK, QA, ZERO_SHOT, CLASSIFICATION = WORKLOADS
TORCH, ONNX = "FastAPI, sentence-transformers", "infinity, optimum"


def figures(
    way: str, load: str, speeds: list[float], p50: float = 1.0, medians: list[float] | None = None
) -> Figures:
    return Figures(
        way=way,
        task="embedding",
        load=load,
        length="mixed",
        texts_per_second=speeds[1],
        p50=p50,
        p99=p50,
        cpu_per_thousand=1.0,
        memory=1.0,
        speeds=speeds,
        medians=medians or [p50] * len(speeds),
    )


@pytest.fixture
def result() -> Result:
    return Result(
        EMBEDDING,
        [
            figures("Trireme", "1 caller", [50, 50, 50], p50=5.0, medians=[4.0, 9.0, 3.0]),
            figures("Trireme", "64 callers", [600, 300, 800]),
            figures("direct, hand-sorted", "64 callers", [600, 600, 1000]),
            figures(TORCH, "1 caller", [50, 50, 50], p50=16.0, medians=[16.0, 18.0, 15.0]),
            figures(TORCH, "64 callers", [60, 100, 80]),
            figures(ONNX, "64 callers", [200, 200, 200]),
        ],
        {"MLServer, transformers": "ImportError: no such name"},
    )


def test_ratios_are_medians_of_turns(result: Result) -> None:
    of = ratios.Ratios(result)
    assert of.speed("mixed", ["direct, hand-sorted"]) == pytest.approx(0.8)
    assert of.speed("mixed", of.torch) == pytest.approx(10)
    assert of.speed("mixed", of.onnx) == pytest.approx(3)
    assert of.p50("mixed", of.peers) == pytest.approx(0.25)


def test_a_ratio_to_what_was_not_measured_is_none(result: Result) -> None:
    of = ratios.Ratios(result)
    assert of.speed("long", of.torch) is None
    assert of.p50("mixed", [ONNX]) is None


def test_the_report_has_ratios_reasons_and_the_plot(result: Result, tmp_path: Path) -> None:
    report.write(tmp_path, [result])
    page = (tmp_path / "benchmarks.md").read_text()
    assert "| texts/s over the best peer on torch, 64 callers | ≥ 5 | 10.00 |" in page
    assert "| p50 over a direct call with tokenising, 1 caller | ≤ 1.15 | - |" in page
    assert "- MLServer, transformers: ImportError: no such name" in page
    assert (tmp_path / "benchmarks.svg").read_text().count(TORCH) == 2


def test_vectors_of_another_length_scale_agree_and_other_vectors_do_not() -> None:
    vectors = np.random.default_rng(3).normal(size=(8, 384))
    assert EMBEDDING.agree(vectors, 3 * vectors)
    assert not EMBEDDING.agree(vectors, vectors[::-1])
    assert not EMBEDDING.agree(vectors, vectors + 0.1)


def test_scores_in_another_order_do_not_agree() -> None:
    assert RERANK.agree([0.9, 0.2], [0.91, 0.19])
    assert not RERANK.agree([0.9, 0.2], [0.2, 0.9])


def test_rankings_are_read_in_the_order_of_the_request() -> None:
    answer = {"results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]}
    assert RERANK.door("m").read(answer) == [0.1, 0.9]


def test_answers_to_one_text_and_to_several_are_read_alike() -> None:
    assert QA.door("m").read({"answer": "oars"}) == ["oars"]
    assert QA.door("m").read({"answer": ["oars", "sea"]}) == ["oars", "sea"]
    assert EMBEDDING.door("m").read({"vector": [1.0, 2.0]}) == [[1.0, 2.0]]
    assert EMBEDDING.door("m").read({"vector": [[1.0], [2.0]]}) == [[1.0], [2.0]]
    assert CLASSIFICATION.door("m").read({"probabilities": {"b": 0.2, "a": 0.8}}) == [[0.8, 0.2]]


def test_labels_travel_with_every_text_of_a_batch() -> None:
    body = ZERO_SHOT.door("m").body(["one", "two"])
    assert body["labels"] == [["sea", "war", "work"]] * 2
    assert ZERO_SHOT.door("m").body(["one"])["labels"] == ["sea", "war", "work"]


def test_only_what_is_wanted_is_chosen() -> None:
    (only,) = chosen(["embedding"], ["short"], ["LitServe"])
    assert list(only.loads) == ["short"]
    assert [peer.name for peer in only.peers] == [
        "LitServe, sentence-transformers",
        "LitServe, sentence-transformers on ONNX",
    ]
    assert chosen(["rerank"], ["mixed"], []) == [replace(RERANK)]


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda each: each.name)
def test_every_peer_has_pins_that_are_exact(workload) -> None:
    for peer in workload.peers:
        assert all(version for version in pins(peer.requirements).values())
    assert pins("infinity")["torch"] == "2.13.0"


def test_no_file_of_pins_is_left_over() -> None:
    used = {peer.requirements for workload in WORKLOADS for peer in workload.peers}
    assert {path.stem for path in REQUIREMENTS.iterdir()} == used


def test_the_reason_of_a_failed_start_is_its_last_exception() -> None:
    log = (
        "INFO: up\nValueError: first\nFileNotFoundError: no model.onnx\n\nERROR:    startup failed. Exiting."
    )
    assert last_error(log) == "FileNotFoundError: no model.onnx"
    assert last_error("INFO: up\nKilled") == "Killed"
    assert last_error("") == "it ended without a word"
