"""What the creation of something answers."""

import msgspec


class Created(msgspec.Struct, frozen=True):
    """The id of what was made."""

    id: int
