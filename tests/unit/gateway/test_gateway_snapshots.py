"""Leases: what has settled, and what is still in use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.catalog import Catalog
from gateway.serving.snapshots import Snapshots


def test_settles_only_when_the_older_requests_have_ended() -> None:
    snapshots = Snapshots()
    assert snapshots.settled == -1
    snapshots.swap(Catalog(generation=1))
    with snapshots.lease() as first:
        snapshots.swap(Catalog(generation=2))
        with snapshots.lease() as second:
            assert (first.generation, second.generation, snapshots.settled) == (1, 2, 1)
        assert snapshots.settled == 1
    assert snapshots.settled == 2


def test_a_request_that_fails_gives_its_lease_back() -> None:
    snapshots = Snapshots()
    snapshots.swap(Catalog(generation=1))
    with pytest.raises(ValueError, match="broken"), snapshots.lease():
        raise ValueError("broken")
    snapshots.swap(Catalog(generation=2))
    assert snapshots.settled == 2


@given(st.lists(st.sampled_from(["begin", "end", "swap"]), max_size=60))
def test_settled_is_the_oldest_in_use(steps: list[str]) -> None:
    snapshots = Snapshots()
    running = []
    for number, step in enumerate(steps):
        if step == "begin":
            lease = snapshots.lease()
            running.append((snapshots.current.generation, lease))
            lease.__enter__()
        elif step == "swap":
            snapshots.swap(Catalog(generation=number))
        elif running:
            running.pop(number % len(running))[1].__exit__(None, None, None)
        oldest = min((generation for generation, _ in running), default=snapshots.current.generation)
        assert snapshots.settled == oldest
