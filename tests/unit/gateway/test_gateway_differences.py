"""Each difference from OpenGateLLM that is documented has its test."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_row_names_a_test_that_there_is() -> None:
    rows = [
        line for line in (ROOT / "docs" / "differences.md").read_text().splitlines() if line.startswith("| ")
    ][1:]
    named = [re.findall(r"`(test_\w+)` \|$", row) for row in rows]
    assert len(rows) > 20
    assert all(named), [row for row, tests in zip(rows, named, strict=True) if not tests]
    code = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"def (test_\w+)\(", code))
    assert {test for tests in named for test in tests} <= there
