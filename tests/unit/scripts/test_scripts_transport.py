"""What the benchmark of shared memory makes of its figures."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from scripts.benchmarks.transport import Cost, Row, Whole, most, summary, table

RAW = Cost(per_second=100, p50=10, client=2.0, triton=1.5, engine=1.0)
SHARED = Cost(per_second=250, p50=4, client=1.0, triton=1.0, engine=1.0)
ROW = Row("means", callers=8, images=1, raw=RAW, shared=SHARED)


def test_savings_are_shares_of_whole_requests() -> None:
    assert ROW.saved == pytest.approx(1.5)
    whole = Whole(8, Cost(per_second=30, p50=33, client=8.5, triton=1.5, engine=20), ROW.saved)
    assert whole.share == pytest.approx(0.05)
    assert whole.share_without_engine == pytest.approx(0.15)
    assert "would save 1.50 ms at most, 5%, or 15%" in summary(whole)


def test_ways_stand_beside_each_other() -> None:
    console = Console(file=StringIO(), width=150)
    console.print(table([ROW]))
    line = console.file.getvalue().splitlines()[-1].split()
    assert line[:5] == ["means", "8", "1", "x", "2.50"]
    assert line[-1] == "33%"


def test_packs_hold_no_more_pictures_than_there_are_callers() -> None:
    rows = [replace(ROW, callers=callers, images=images) for callers in (1, 8) for images in (1, 8, 32)]
    rows.append(replace(ROW, callers=8, images=8, raw=replace(RAW, client=21.0)))
    assert most(rows, 1) == pytest.approx(1.5)
    assert most(rows, 8) == pytest.approx(20.5 / 8)
