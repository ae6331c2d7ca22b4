"""Keys in the snapshot."""

from hashlib import sha256

import pytest

from control_plane.catalog import Catalog, Key, Principal
from gateway.auth import ForbiddenError, StartingError, find_key

ALICE = Principal(id=7, name="alice")
FOREVER = Key(id=1, principal=ALICE)
TEMPORARY = Key(id=2, principal=ALICE, expires_at=100.0)
CATALOG = Catalog(generation=1, keys={sha256(b"one").digest(): FOREVER, sha256(b"two").digest(): TEMPORARY})


def test_keys_are_found_by_their_digest() -> None:
    assert find_key(CATALOG, b"one", now=1e12) is FOREVER
    assert find_key(CATALOG, b"two", now=99.9) is TEMPORARY


@pytest.mark.parametrize("secret", [b"", b"ONE", b"one ", sha256(b"one").digest()])
def test_anything_else_is_forbidden(secret: bytes) -> None:
    with pytest.raises(ForbiddenError, match=r"^Forbidden$"):
        find_key(CATALOG, secret, now=0)


def test_an_expired_key_is_forbidden_from_its_end_on() -> None:
    with pytest.raises(ForbiddenError):
        find_key(CATALOG, b"two", now=100.0)


def test_nobody_is_forbidden_before_the_first_catalogue() -> None:
    with pytest.raises(StartingError):
        find_key(Catalog(generation=-1), b"one", now=0)
