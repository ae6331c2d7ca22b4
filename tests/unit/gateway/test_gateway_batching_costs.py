"""What the batcher learns: the cost of packs, how many to have on their way, how long calls would wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.serving.batching.cost import LEAST_OVERHEAD, UNSETTLED, CostModel, Latency
from gateway.serving.batching.patience import CALM_SECONDS, Pace, Patience
from gateway.serving.batching.width import LEAST, Width


@given(
    overhead_tokens=st.integers(10, 400),
    per_token=st.floats(1e-6, 1e-3),
    sizes=st.lists(st.integers(1, 4000), min_size=60, max_size=90),
)
def test_costs_are_learned_from_packs_of_many_sizes(
    overhead_tokens: int, per_token: float, sizes: list[int]
) -> None:
    cost, now = CostModel(), 0.0
    for tokens in [1, 4000, *sizes]:
        sent, now = now, now + per_token * (overhead_tokens + tokens)
        cost.observe(tokens, sent, now)
    for tokens in (10, 1000, 4000):
        assert cost.seconds(tokens) == pytest.approx(per_token * (overhead_tokens + tokens), rel=0.3)


def test_the_wait_for_packs_before_is_no_cost() -> None:
    cost, answered = CostModel(), [0.0] * 4
    for at in range(200):
        tokens = 100 + 10 * (at % 20)
        answered.append(answered[-1] + 1e-3 + 1e-5 * tokens)
        cost.observe(tokens, answered[at], answered[-1])  # sent when the fourth before came back
    assert cost.seconds(200) == pytest.approx(1e-3 + 1e-5 * 200, rel=0.01)


def test_of_several_instances_each_works_for_its_own_packs() -> None:
    cost, free = CostModel(2), [0.0, 0.0]
    packs = []
    for at in range(200):
        tokens = 100 + 10 * (at % 20)
        instance = free.index(min(free))
        begun, free[instance] = free[instance], free[instance] + 1e-3 + 1e-5 * tokens
        packs.append((free[instance], tokens, begun))
    for answered, tokens, begun in sorted(packs):
        cost.observe(tokens, begun - 1e-3, answered)
    assert cost.seconds(200) == pytest.approx(1e-3 + 1e-5 * 200, rel=0.1)


def test_what_a_pack_costs_is_not_learned_where_it_was_measured() -> None:
    cost, now = CostModel(overhead=60), 0.0
    for at in range(200):
        tokens = 100 + 10 * (at % 20)
        seconds = 1e-5 * (60 + tokens) + (0 if at % 3 else 1e-2)
        cost.observe(tokens, now, now := now + seconds)
    assert cost.overhead == 60
    assert cost.per_token == pytest.approx(1e-5, rel=0.5)


def test_a_host_that_has_other_work_at_times_hardly_counts() -> None:
    cost, now = CostModel(), 0.0
    for at in range(200):
        tokens = 100 + 10 * (at % 20)
        seconds = (1e-3 + 1e-5 * tokens) * (1 if at % 2 else 3)
        cost.observe(tokens, now, now + seconds)
        now += seconds
    assert cost.seconds(200) < 1.6 * (1e-3 + 1e-5 * 200)


def test_a_pack_is_never_believed_to_be_free() -> None:
    cost = CostModel()
    for at in range(200):
        cost.observe(at + 1, at, at + 1e-4 * (at + 1))
    assert cost.overhead >= LEAST_OVERHEAD


def test_the_way_of_a_larger_pack_takes_as_long_as_that_of_small_ones() -> None:
    latency = Latency()
    assert latency.seconds(0.1) == 0
    for _ in range(3):
        latency.observe(0.03, work=0.01)
    assert latency.seconds(0.1) == pytest.approx(0.12)


def test_width_follows_the_instances_behind_it() -> None:
    """A server with `instances` computes as many packs side by side; more than that wait inside it."""
    for instances in (1, 4, 16):
        width = Width()
        for _ in range(200):
            width.observe(1.0, max(1.0, width.limit / instances))
        assert width.limit == instances + 1
    narrow = Width()
    for _ in range(50):
        narrow.observe(1.0, 100.0)
    assert narrow.limit == LEAST


def test_the_pace_is_that_of_an_engine_that_never_rests() -> None:
    pace = Pace()
    assert pace.seconds(1000) == 0, "nothing is known yet"
    pace.back(100, 1.0, waiting=True)
    for pack in range(1, UNSETTLED):
        pace.back(100, 1.0 + pack / 2, waiting=True)
    assert pace.seconds(100) == 0, "too little is known yet"
    pace.back(100, 1.0 + UNSETTLED / 2, waiting=True)
    assert pace.seconds(100) == pytest.approx(0.5)
    pace.back(100, 1.5 + UNSETTLED / 2, waiting=False)
    pace.back(100, 99.0, waiting=True)  # it rested for a while
    assert pace.seconds(100) == pytest.approx(0.5)


def test_a_queue_that_was_too_long_is_kept_short_until_the_overload_is_over() -> None:
    now = 0.0
    patience = Patience(5.0, 0.1, lambda: now)
    assert patience.allows(4.9)
    assert not patience.allows(5.1)
    assert not patience.allows(0.2)
    assert patience.allows(0.1)
    now = CALM_SECONDS - 1
    assert not patience.allows(0.2), "it is an overload still"
    now += CALM_SECONDS - 1
    assert not patience.allows(0.2), "and every refusal shows it"
    now += CALM_SECONDS
    assert patience.allows(4.9)
