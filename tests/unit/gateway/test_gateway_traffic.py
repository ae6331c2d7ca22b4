"""Figures of versions: windows, what adds up, and what counts as the same answer."""

from dataclasses import dataclass

import numpy as np
import pytest

from control_plane.deployments.tally import Tally
from gateway.serving.comparison import alike
from gateway.serving.traffic import WINDOWS_KEPT, Traffic


def test_windows_are_told_until_they_are_over():
    now = [5.0]
    traffic = Traffic(clock=lambda: now[0])
    traffic.of(1).note(0.1)
    (first,) = traffic.unreported()
    assert (first[0], first[1].requests) == ((1, 0), 1)
    traffic.reported([first[0]])
    assert traffic.unreported() == []
    traffic.of(1).note(0.1)
    now[0] = 12.0
    traffic.of(1).note(0.1)
    windows = dict(traffic.unreported())
    assert {key: tally.requests for key, tally in windows.items()} == {(1, 0): 2, (1, 10): 1}


def test_what_cannot_be_reported_is_bounded():
    now = [0.0]
    traffic = Traffic(clock=lambda: now[0])
    for _ in range(WINDOWS_KEPT + 5):
        traffic.of(1).note(0.1)
        now[0] += 10
    windows = traffic.unreported()
    assert len(windows) == WINDOWS_KEPT
    assert min(began_at for (_, began_at), _ in windows) == 50


def test_figures_of_gateways_add_up():
    slow, quick = Tally(), Tally()
    for _ in range(98):
        quick.note(0.010)
    for _ in range(2):
        slow.note(2.0)
    slow.failures = 1
    quick.add(slow)
    assert (quick.requests, quick.error_share) == (100, 0.01)
    assert quick.p99_ms == pytest.approx(2000, rel=0.1)
    assert Tally().p99_ms == Tally().error_share == 0.0


def test_the_slowest_of_a_hundred_does_not_count():
    tally = Tally()
    for _ in range(99):
        tally.note(0.010)
    tally.note(2.0)
    assert tally.p99_ms == pytest.approx(10, rel=0.1)


@dataclass
class Result:
    vectors: np.ndarray
    tokens: int


def test_answers_are_alike_but_for_rounding():
    result = Result(np.ones((2, 3), np.float32), 5)
    assert alike(result, Result(result.vectors + 1e-3, 5))
    assert not alike(result, Result(result.vectors + 0.1, 5))
    assert not alike(result, Result(result.vectors[:1], 5))
    assert not alike(result, Result(result.vectors, 6))
    assert alike([("a", 0.5)], [("a", 0.501)])
    assert not alike([("a", 0.5)], [("b", 0.5)])
    assert not alike(["a"], ["a", "b"])
    assert not alike("ab", "ac")
    assert alike([None, "x"], [None, "x"])
