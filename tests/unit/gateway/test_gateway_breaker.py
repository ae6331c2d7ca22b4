"""The circuit breaker, with a clock that the test turns."""

import pytest

from gateway.serving.routing.breaker import FAILURES, LONGEST_PAUSE, BreakerState, CircuitBreaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def broken(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(clock)
    for _ in range(FAILURES):
        assert breaker.enter()
        breaker.failed()
    return breaker


def test_failures_in_a_row_open_it(clock: Clock) -> None:
    breaker = CircuitBreaker(clock)
    for _ in range(FAILURES - 1):
        breaker.failed()
    breaker.succeeded()
    for _ in range(FAILURES - 1):
        breaker.failed()
    assert breaker.state is BreakerState.CLOSED
    breaker.failed()
    assert breaker.state is BreakerState.OPEN
    assert not breaker.enter()


def test_after_the_pause_one_trial_decides(clock: Clock) -> None:
    breaker = broken(clock)
    clock.now += 1.0
    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.enter()
    assert not breaker.enter()
    breaker.succeeded()
    assert breaker.state is BreakerState.CLOSED
    assert breaker.enter()
    assert breaker.enter()


def test_failed_trials_double_the_pause_up_to_a_bound(clock: Clock) -> None:
    breaker = broken(clock)
    pause = 1.0
    for _ in range(6):
        clock.now += pause
        assert breaker.enter()
        breaker.failed()
        pause = min(pause * 2, LONGEST_PAUSE)
        clock.now += pause - 0.01
        assert not breaker.enter()
        clock.now += 0.01
        clock.now -= pause
    assert pause == LONGEST_PAUSE


def test_a_trial_that_tells_nothing_makes_room_for_the_next(clock: Clock) -> None:
    breaker = broken(clock)
    clock.now += 1.0
    assert breaker.enter()
    breaker.left()
    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.enter()


def test_requests_from_before_it_opened_change_nothing_when_they_fail(clock: Clock) -> None:
    breaker = broken(clock)
    clock.now += 0.5
    breaker.failed()
    clock.now += 0.5
    assert breaker.state is BreakerState.HALF_OPEN


def test_a_probe_that_gets_through_lets_the_next_request_try(clock: Clock) -> None:
    breaker = CircuitBreaker(clock)
    breaker.failed()
    breaker.reached()
    for _ in range(FAILURES - 1):
        breaker.failed()
    assert breaker.state is BreakerState.OPEN
    breaker.reached()
    assert breaker.state is BreakerState.HALF_OPEN
