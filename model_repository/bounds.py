"""Ranges of settings that are numbers, and forms of addresses: what is none is refused by the setting's name.

The upper ends only keep out what no clock, socket or file can hold, infinity among it.
"""

from typing import Annotated

from msgspec import Meta

LONGEST_SECONDS = 2_000_000
"""23 days: more milliseconds than that do not fit into what system calls wait by."""

Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]
"""Of something that is needed at all."""

CountOrZero = Annotated[int, Meta(ge=0, le=2**31 - 1)]
"""Of something that may be left out by 0."""

Bytes = Annotated[int, Meta(ge=1, le=2**60)]

BytesOrZero = Annotated[int, Meta(ge=0, le=2**60)]

Seconds = Annotated[float, Meta(gt=0, le=LONGEST_SECONDS)]

SecondsOrZero = Annotated[float, Meta(ge=0, le=LONGEST_SECONDS)]
"""0 for no time at all."""

WholeSecondsOrZero = Annotated[int, Meta(ge=0, le=LONGEST_SECONDS)]

WholeSeconds = Annotated[int, Meta(ge=1, le=LONGEST_SECONDS)]

SignedSeconds = Annotated[int, Meta(ge=1, le=604_800)]
"""Of a signed URL: services for objects refuse signatures that are good for more than seven days."""

HttpUrl = Annotated[str, Meta(pattern=r"^(https?://[^/\s].*)?$")]
"""Empty where it may be left out."""

RedisUrl = Annotated[str, Meta(pattern=r"^((redis|rediss|unix)://.+)?$")]

SchedulerUrl = Annotated[str, Meta(pattern=r"^(tcp|tls)://.+:\d+$")]

Port = Annotated[int, Meta(ge=0, le=65_535)]
"""Of TCP; 0 for any free one."""
