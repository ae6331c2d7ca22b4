"""Candidates that race."""

import time

import numpy as np

from converters.measuring import ROUNDS, rows_per_second
from converters.tensors import Tensors


class Runner:
    """A model that takes its time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.calls = 0

    def run(self, _inputs: Tensors, _outputs: tuple[str, ...]) -> Tensors:
        self.calls += 1
        end = time.perf_counter() + self._seconds
        while time.perf_counter() < end:
            pass
        return {}


def test_a_hopeless_candidate_is_measured_once_after_it_has_warmed_up() -> None:
    fast, slow = Runner(0.001), Runner(0.1)
    batch = {"input_ids": np.zeros((4, 2), np.int64)}
    told: list[float] = []
    speeds = rows_per_second(
        {"fast": fast, "slow": slow}, [batch], (), lambda percent, _message: told.append(percent)
    )
    assert (fast.calls, slow.calls) == (ROUNDS + 1, 2)
    assert speeds["fast"] > 2 * speeds["slow"] > 0
    assert told == sorted(told)


def test_without_candidates_there_is_nothing_to_measure() -> None:
    assert rows_per_second({}, [], (), lambda _percent, _message: None) == {}
