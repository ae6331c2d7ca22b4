"""Candidates that race."""

import subprocess
import sys
import time

import numpy as np
import pytest

from converters.engines import openvino
from converters.measuring import ROUNDS, measure, pack_overhead, race
from converters.tensors import Tensors
from model_repository.manifest import Precision


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
    seconds = race({"fast": fast, "slow": slow}, [batch], (), lambda percent, _message: told.append(percent))
    assert (fast.calls, slow.calls) == (ROUNDS + 1, 2)
    assert 2 * seconds["fast"].sum() < seconds["slow"].sum()
    assert told == sorted(told)


class Mixed:
    """Packs of four rows, and single rows of which one is slow."""

    def traffic(self) -> list[Tensors]:
        return [rows(4, 1), rows(4, 1)]

    def singles(self) -> list[Tensors]:
        return [rows(1, 1), rows(1, 1), rows(1, 30)]


class Reader(Runner):
    """Takes so many milliseconds as a row is long."""

    def run(self, inputs: Tensors, outputs: tuple[str, ...]) -> Tensors:
        self._seconds = inputs["input_ids"].shape[1] / 1000
        return super().run(inputs, outputs)


def masked(*lengths: int) -> Tensors:
    return {"attention_mask": (np.arange(max(lengths)) < np.array(lengths)[:, None]).astype(np.int64)}


def rows(count: int, length: int) -> Tensors:
    return {"input_ids": np.zeros((count, length), np.int64)}


def test_throughput_is_of_packs_and_latency_the_median_of_single_rows() -> None:
    told: list[float] = []
    measured = measure(
        {"a": Reader(0), "plan": Reader(0)},
        Mixed(),
        (),
        lambda percent, _message: told.append(percent),
        engines=dict.fromkeys(("a", "plan"), openvino.engine_spec(Precision.FP32, 1)),
        memory={"a": 12.5},
    )
    assert measured["a"].texts_per_second < 4001
    assert 1 <= measured["a"].latency_ms < 30
    assert (measured["a"].memory_mib, measured["plan"].memory_mib) == (12.5, None)
    assert told == sorted(told)
    assert max(told) < 100


def test_without_candidates_there_is_nothing_to_measure() -> None:
    assert measure({}, Mixed(), (), lambda _percent, _message: None, engines={}, memory={}) == {}


@pytest.mark.parametrize(("padding", "tokens"), [(True, [64, 10, 20]), (False, [40, 10, 20])])
def test_what_a_pack_costs_is_where_its_line_meets_no_time(padding: bool, tokens: list[int]) -> None:
    batches = [masked(16, 8, 8, 8), masked(10), masked(20)]
    seconds = 1e-3 * (50 + np.array(tokens))
    assert pack_overhead(batches, seconds, padding=padding) == pytest.approx(50)


def test_what_is_no_text_has_no_cost_in_tokens() -> None:
    assert pack_overhead([{"pixel_values": np.zeros((2, 3, 4, 4))}], np.array([1.0]), padding=True) is None


HOLDING = """
import numpy as np
from converters.memory import MemoryMeter

np.ones(2**22)
meter = MemoryMeter()
held = np.ones(2**22)
np.ones(2**23)
print(meter.added_mib() - held.nbytes / 2**20)
"""
"""In a process of its own: in this one, what other tests left behind may go at any moment."""


def test_memory_that_is_held_is_seen_and_memory_that_was_freed_is_not() -> None:
    told = subprocess.run([sys.executable, "-c", HOLDING], check=True, capture_output=True, text=True).stdout
    assert -1 < float(told) < 8
