"""Embedding models that were trained so that the first numbers of a vector stand for the whole."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from converters.spec import ConversionError


class _Settings(msgspec.Struct):
    is_matryoshka: bool | None = None
    matryoshka_dimensions: list[Annotated[int, Meta(ge=1)]] | None = None


def read_matryoshka(config: dict[str, Any], width: int) -> tuple[int, ...] | None:
    """Lengths that vectors may be cut to: empty for any, None for none.

    Args:
        config: fields of `config.json`, two of which say it where anything does.
        width: numbers of a whole vector.

    Raises:
        ConversionError: they are not what they should be.

    """
    try:
        settings = msgspec.convert(config, _Settings)
    except msgspec.ValidationError as error:
        raise ConversionError(
            f"config.json is not what it should be: {error}",
            hint='Write "is_matryoshka": true, or "matryoshka_dimensions": [256, 512].',
        ) from error
    if not settings.matryoshka_dimensions:
        return () if settings.is_matryoshka else None
    return tuple(sorted({each for each in settings.matryoshka_dimensions if each < width})) or None
