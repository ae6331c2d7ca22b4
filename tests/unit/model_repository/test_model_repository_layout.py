"""Names round-trip, everything else is refused, and no path leads out of an entry."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model_repository import layout
from model_repository.layout import EntryName, InvalidNameError

names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,99}", fullmatch=True)


roles = st.from_regex(r"([a-z]{1,16})?", fullmatch=True)


@given(owner=names, name=names, version=st.integers(1, 10**9 - 1), part=roles)
def test_entry_name_round_trips(owner: str, name: str, version: int, part: str) -> None:
    parts = EntryName(owner, name, version, part)
    assert EntryName.parse(str(parts)) == parts
    assert layout.is_entry(str(parts))


@given(st.text())
@example("global.tiny.0")
@example("global.tiny.01")
@example("global.tiny.1\n")
@example("global.tiny.\uff11")
@example("Global.tiny.1")
@example("..1")
@example("global..1")
@example("a.b.c.1")
@example("a.b.1.")
@example("a.b.1.text.image")
@example("a.b.1.2")
@example("../tiny.tiny.1")
def test_whatever_parses_is_written_back_the_same(entry: str) -> None:
    """So two spellings never name one folder, and no accepted name is a path."""
    try:
        parts = EntryName.parse(entry)
    except InvalidNameError:
        assert not layout.is_entry(entry)
    else:
        assert str(parts) == entry
        assert "/" not in entry


@pytest.mark.parametrize("name", ["", "a.b", "a/b", "..", "A", "a b", "a\n", "ä", "a" * 101])
def test_bad_names_are_refused_with_a_hint(name: str) -> None:
    for check in (layout.check_model_name, layout.check_owner_name):
        with pytest.raises(InvalidNameError) as caught:
            check(name)
        assert caught.value.hint
        assert caught.value.status == 400


@pytest.mark.parametrize("name", ["-a", "_a"])
def test_models_may_begin_with_a_mark_and_owners_may_not(name: str) -> None:
    assert layout.check_model_name(name) == name
    with pytest.raises(InvalidNameError):
        layout.check_owner_name(name)


@given(st.text(alphabet="a./\\\0~-", max_size=12) | st.text())
@example("..")
@example("a/../../b")
@example("/etc/passwd")
@example("")
@example(".")
def test_resolved_paths_stay_inside(path: str) -> None:
    entry = Path("/nowhere/global.tiny.1")
    try:
        resolved = layout.resolve(entry, path)
    except InvalidNameError:
        return
    assert resolved.is_relative_to(entry)
    assert resolved != entry


def test_a_link_out_of_the_entry_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    entry = tmp_path / "global.tiny.1"
    entry.mkdir()
    (entry / "inside").write_text("fine")
    (entry / "out").symlink_to(tmp_path / "secret")
    (entry / "in").symlink_to(entry / "inside")
    with pytest.raises(InvalidNameError):
        layout.resolve(entry, "out")
    assert layout.resolve(entry, "in") == (entry / "inside").resolve()
