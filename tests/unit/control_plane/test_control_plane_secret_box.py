"""Secrets at rest: unreadable, authentic, and under keys that can be replaced."""

import pytest

from control_plane.secret_box import SecretBox, SecretKeyError, new_key


def test_what_is_sealed_can_be_opened_and_shows_nothing() -> None:
    box = SecretBox([new_key()])
    sealed = box.seal("sk-upstream")
    assert b"upstream" not in sealed
    assert sealed != box.seal("sk-upstream")
    assert box.open(sealed) == "sk-upstream"


def test_another_key_and_a_changed_text_open_nothing() -> None:
    sealed = SecretBox([new_key()]).seal("sk-upstream")
    with pytest.raises(SecretKeyError):
        SecretBox([new_key()]).open(sealed)
    key = new_key()
    sealed = SecretBox([key]).seal("sk-upstream")
    with pytest.raises(SecretKeyError):
        SecretBox([key]).open(sealed[:-8] + b"AAAAAAA=")


def test_a_new_key_takes_over_from_the_old_one() -> None:
    old, new = new_key(), new_key()
    sealed = SecretBox([old]).seal("sk-upstream")
    both = SecretBox([new, old])
    assert both.open(sealed) == "sk-upstream"
    assert SecretBox([new]).open(both.reseal(sealed)) == "sk-upstream"


def test_without_a_key_nothing_is_kept() -> None:
    with pytest.raises(SecretKeyError):
        SecretBox([]).seal("sk-upstream")


@pytest.mark.parametrize("keys", [["short"], [new_key(), ""]])
def test_keys_that_are_none_are_refused_without_showing_them(keys: list[str]) -> None:
    with pytest.raises(SecretKeyError) as caught:
        SecretBox(keys)
    assert not any(key and key in caught.value.message for key in keys)
    assert "gAAAA" not in repr(caught.value)
