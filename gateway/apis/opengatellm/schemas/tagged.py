"""Unions whose members are told apart by their field `type`."""

from typing import Any

from pydantic import Discriminator


def by_type(otherwise: str) -> Discriminator:
    """Discriminator by `type`; what has none is of the kind `otherwise`."""

    def kind(value: Any) -> Any:
        found = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
        return otherwise if found is None else found

    return Discriminator(kind)
