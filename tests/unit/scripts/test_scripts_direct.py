"""The order in which direct callers send their packs."""

import numpy as np
import pytest

from scripts.benchmarks.peers.direct import PACK, spread


@pytest.mark.parametrize("number", [1, 2, 7, 128])
def test_every_pack_has_its_turn_once(number: int) -> None:
    packs = range(number)
    assert sorted(spread(packs, packs)) == [*packs]


@pytest.mark.parametrize("mean", [10, 32, 160])
def test_the_first_packs_are_as_long_as_all(mean: int) -> None:
    drawn = np.random.default_rng(0).lognormal(np.log(mean) - 0.245, 0.7, 128 * PACK)
    packs = np.minimum(np.sort(drawn), 256).reshape(128, PACK).sum(1).astype(int).tolist()
    ordered = spread(packs, packs)
    for first in range(10, 128):
        assert np.mean(ordered[:first]) == pytest.approx(np.mean(packs), rel=0.05)
