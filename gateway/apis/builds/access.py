"""Whose builds and models a caller of these APIs may see."""

from control_plane.catalog import Key, Permission


def visible_owner(key: Key) -> int | None:
    """Account whose builds alone the caller sees; None for administrators, who see all."""
    return None if Permission.ADMIN in key.permissions else key.account_id
