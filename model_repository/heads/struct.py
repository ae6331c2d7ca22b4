"""What all parts of a manifest have in common."""

import msgspec


class Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the manifest's parts: no silent extra fields."""
