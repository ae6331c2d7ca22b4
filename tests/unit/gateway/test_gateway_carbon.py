import pytest

from gateway.serving.metering.carbon import ELECTRICITY_MIX, NOTHING, ModelSize, footprint


@pytest.mark.parametrize(
    ("size", "tokens", "seconds", "kwh", "kgco2eq"),
    [
        (ModelSize(8, 8, "FRA"), 15, 0.02, 8.27147666150692e-07, 3.943855396072191e-08),
        (ModelSize(8, 8, "WOR"), 1000, 10, 6.19140110767128e-05, 3.073353141448809e-05),
        (ModelSize(100, 100, "WOR"), 500, 10, 2.6517960841923496e-04, 1.31222946718751e-04),
    ],
)
def test_published_figures(size: ModelSize, tokens: int, seconds: float, kwh: float, kgco2eq: float) -> None:
    found = footprint(size, tokens=tokens, seconds=seconds)
    assert found.kwh == pytest.approx(kwh, rel=1e-12)
    assert found.kgco2eq == pytest.approx(kgco2eq, rel=1e-12)


def test_zone_without_figures_counts_as_the_world() -> None:
    known, unknown = (footprint(ModelSize(8, 8, zone), tokens=9, seconds=1) for zone in ("WOR", "ATA"))
    assert known == unknown != NOTHING
    assert len(ELECTRICITY_MIX) == 50


@pytest.mark.parametrize("size", [None, ModelSize(0, 8), ModelSize(8, 0)])
def test_model_of_unknown_size_has_no_footprint(size: ModelSize | None) -> None:
    assert footprint(size, tokens=100, seconds=1) == NOTHING
