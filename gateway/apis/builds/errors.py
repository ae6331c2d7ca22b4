"""The error body of `/builds` and `/deployments`."""

import msgspec

from gateway.errors import Failure


class Problem(msgspec.Struct, frozen=True):
    """What went wrong.

    Attributes:
        hint: what to do about it, or an empty string.

    """

    message: str
    hint: str


def render(failure: Failure) -> Problem:
    """Message and hint apart, for programs that show them in two places."""
    return Problem(failure.message, failure.hint)
