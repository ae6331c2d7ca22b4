"""The stored sample round-trips, is never unpickled, and notices every kind of wrong answer."""

from pathlib import Path

import numpy as np
import pytest

from model_repository.errors import RepositoryError
from model_repository.parity import ParityThresholds
from model_repository.probe import difference, read_probe, write_probe

THRESHOLDS = ParityThresholds(max_abs_diff=0.1, min_cosine=0.99)
RIGHT = {"y": np.array([[3.0, 4.0], [0.0, 1.0]], np.float32)}


def test_round_trip(tmp_path: Path) -> None:
    inputs = {"input_ids": np.array([[1, 2]]), "attention_mask": np.array([[1, 1]])}
    write_probe(tmp_path / "probe.npz", inputs, RIGHT)
    probe = read_probe((tmp_path / "probe.npz").read_bytes())
    assert probe.inputs.keys() == inputs.keys()
    assert all(np.array_equal(probe.inputs[name], inputs[name]) for name in inputs)
    assert np.array_equal(probe.expected["y"], RIGHT["y"])


def test_bytes_round_trip_without_pickles(tmp_path: Path) -> None:
    inputs = {"parameters": np.array([b'{"max_new_tokens": 8}'], object)}
    write_probe(tmp_path / "probe.npz", inputs, RIGHT)
    read = read_probe((tmp_path / "probe.npz").read_bytes()).inputs["parameters"]
    assert read.dtype == object
    assert read.tolist() == inputs["parameters"].tolist()


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "probe.npz", **{"inputs/x": np.array([print], object), "expected/y": RIGHT["y"]})
    with pytest.raises(RepositoryError, match="pickle"):
        read_probe((tmp_path / "probe.npz").read_bytes())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive at all"])
def test_damage_is_told(content: bytes) -> None:
    with pytest.raises(RepositoryError, match="stored sample"):
        read_probe(content)


def test_a_sample_without_outputs_is_refused(tmp_path: Path) -> None:
    write_probe(tmp_path / "probe.npz", {"x": np.array([1])}, {})
    with pytest.raises(RepositoryError, match="no expected outputs"):
        read_probe((tmp_path / "probe.npz").read_bytes())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, "nothing"),
        ({"y": np.zeros((1, 2), np.float32)}, r"\[1, 2\]"),
        ({"y": np.array([[np.nan, 4], [0, 1]], np.float32)}, "NaN"),
        ({"y": np.array([[np.inf, 4], [0, 1]], np.float32)}, "Inf"),
        ({"y": np.array([[3, 4], [0, 1.2]], np.float32)}, "differs by 0.2"),
        ({"y": np.array([[3, 4], [0.09, 0.5]], np.float32)}, "differs by 0.5"),
    ],
)
def test_wrong_answers_are_noticed(answer: dict[str, np.ndarray], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        assert not difference(answer, RIGHT, THRESHOLDS), difference(answer, RIGHT, THRESHOLDS)


def test_a_small_vector_in_another_direction_is_noticed() -> None:
    right = {"y": np.array([[0.01, 0.0], [0.0, 0.0]])}
    assert difference(right, right, THRESHOLDS) is None
    assert "cosine" in (difference({"y": np.array([[0.0, 0.01], [0.0, 0.0]])}, right, THRESHOLDS) or "")
    assert "cosine" in (difference({"y": np.array([[0.01, 0.0], [0.0, 0.01]])}, right, THRESHOLDS) or "")


def test_decisions_agree_or_not_however_far_apart_their_numbers_are() -> None:
    thresholds = ParityThresholds(max_abs_diff=0, min_cosine=-1, agreement=0.75)
    right = {"tokens": np.array([[5, 6], [7, 8]])}
    assert difference({"tokens": np.array([[5, 6], [7, 30_000]])}, right, thresholds) is None
    said = difference({"tokens": np.array([[5, 6], [6, 7]])}, right, thresholds)
    assert said == "output tokens agrees in 0.500, less than 0.750"


def test_no_thresholds_at_all_allow_no_difference() -> None:
    exact = ParityThresholds(max_abs_diff=0, min_cosine=-1)
    assert difference(RIGHT, RIGHT, exact) is None
    assert difference({"y": RIGHT["y"] + 1e-6}, RIGHT, exact) is not None


def test_a_close_answer_is_accepted() -> None:
    assert difference({"y": RIGHT["y"] + 0.05, "z": np.zeros(1)}, RIGHT, THRESHOLDS) is None
