"""Logs passed on while they grow, and cut where they are too long."""

from pathlib import Path

import pytest

from converters import log_tail
from converters.log_tail import LogTail


def test_text_comes_once_and_whole(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes("gr\u00fc".encode()[:-1])
    tail = LogTail(path)
    pieces = [tail.read()]
    with path.open("ab") as file:
        file.write("\u00fc\0n".encode()[1:])
    pieces += [tail.read(), tail.finish()]
    assert pieces == ["gr", "\u00fc\N{REPLACEMENT CHARACTER}n", ""]


def test_a_long_log_keeps_its_beginning_and_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(log_tail, "MOST_BYTES", 10)
    monkeypatch.setattr(log_tail, "END_BYTES", 4)
    path = tmp_path / "log"
    path.write_text("beginning.middle.end!")
    tail = LogTail(path)
    assert [tail.read(), tail.read()] == ["beginning.", ""]
    assert tail.finish() == f"\n[7 bytes left out; the whole log is {path}]\nend!"
