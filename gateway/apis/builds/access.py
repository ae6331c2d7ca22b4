"""Whose builds and models a caller of these APIs may see."""

from control_plane.accounts.keys import ROOT_ACCOUNT
from control_plane.catalog import Key


def visible_owner(key: Key) -> int | None:
    """Account whose builds alone the caller sees; None for the root account, which sees all."""
    return None if key.account_name == ROOT_ACCOUNT else key.account_id
