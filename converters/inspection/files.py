"""The JSON files in which a source describes itself."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from converters.spec import ConversionError


class Described(msgspec.Struct, frozen=True):
    """What is read of `config.json` before any library is asked; other fields are the library's to judge."""

    architectures: list[str] | None = None
    model_type: str | None = None
    auto_map: object = None

    @property
    def name(self) -> str:
        """What to call the architecture."""
        return (self.architectures or [self.model_type or "without a name"])[0]


class TokenizerConfig(msgspec.Struct, frozen=True):
    """What is read of `tokenizer_config.json` likewise."""

    pad_token: "str | AddedToken | None" = None
    model_max_length: Annotated[float, Meta(ge=1)] | None = None


class AddedToken(msgspec.Struct, frozen=True):
    """A token with its properties."""

    content: str


def read_json(path: Path, kind: Any) -> Any:
    """A file of the source as `kind`.

    Raises:
        ConversionError: it is missing or not what it should be.

    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError as error:
        raise ConversionError(
            f"the source holds no {path.name}", hint="Give a folder as save_pretrained() writes it."
        ) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConversionError(
            f"{path.name} is damaged: {error}", hint="Download or save it again."
        ) from error
