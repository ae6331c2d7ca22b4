"""Types that several bodies share, with the rules that the database and the contract set."""

from datetime import UTC, datetime
from time import time
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from control_plane.usage.records import LARGEST_BUDGET

MAX_ID = 2**31 - 1
MAX_LENGTH = 255
"""Characters of a name: a unique index of PostgreSQL holds no more than some kilobytes."""

MAX_SECONDS = 253_402_300_799
"""The last second of the year 9999."""

MAX_PASSWORD_BYTES = 72

WITHOUT_NUL = r"^[^\x00]*$"


def _future(seconds: int) -> int:
    if seconds <= time():
        raise ValueError("Wrong timestamp, must be in the future.")
    return seconds


def _short(password: str) -> str:
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        raise ValueError(f"Wrong password, must be at most {MAX_PASSWORD_BYTES} bytes.")
    return password


Id = Annotated[int, Field(ge=0, le=MAX_ID)]
"""Number of a row; 0 is well-formed and belongs to nothing."""

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LENGTH, pattern=WITHOUT_NUL),
]
"""Trimmed and not empty."""

Password = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, pattern=WITHOUT_NUL), AfterValidator(_short)
]
"""Trimmed as a login trims it, not empty, and within 72 bytes of UTF-8."""

FutureSeconds = Annotated[int, Field(le=MAX_SECONDS), AfterValidator(_future)]
"""Unix time in whole seconds that has not come yet."""

Money = Annotated[float, Field(ge=0, le=LARGEST_BUDGET, allow_inf_nan=False)]
"""A budget, or the price of a million tokens."""

Priority = Annotated[int, Field(ge=0, le=MAX_ID)]


def moment(seconds: int | None) -> datetime | None:
    """Unix time as an aware one."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def seconds(moment: datetime) -> int:
    """An aware time as whole Unix seconds."""
    return int(moment.timestamp())


def seconds_or_none(moment: datetime | None) -> int | None:
    """An aware time, if any, as whole Unix seconds."""
    return None if moment is None else seconds(moment)
