"""What part a version has in the traffic of its model: plain types, no ORM."""

from enum import StrEnum

import msgspec


class Place(StrEnum):
    """What part a version has in the traffic of its model.

    The active one answers; a canary answers a share of the requests in its stead; a shadow gets copies, and
    nobody sees its answers.
    """

    ACTIVE = "active"
    CANARY = "canary"
    SHADOW = "shadow"


class Exposure(msgspec.Struct, frozen=True):
    """How a version takes part.

    Attributes:
        share: of the requests that a canary answers, or that a shadow gets copies of, 0 to 1.
        max_error_share: a canary that fails a larger share is sent back; None for no limit.
        max_p99_ms: likewise one that takes longer, in milliseconds, for 1 of 100 requests.
        min_requests: within a minute, before a canary is judged.

    """

    place: Place = Place.ACTIVE
    share: float = 1.0
    max_error_share: float | None = None
    max_p99_ms: float | None = None
    min_requests: int = 20


MAX_ERROR_SHARE = 0.05
"""Limit of canaries for which nobody chooses one."""

EXCLUSIVE = Exposure()
"""Of the version that answers alone, or with a canary beside it."""
