"""What `config.json` beside a graph says of it."""

from pathlib import Path

import msgspec

from converters.custom.layout import CONFIG
from converters.results import Signature
from converters.spec import ConversionError


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that are the author's to write; others are read where they matter.

    Attributes:
        tasks: what the author expects it to do, in the words of the APIs; None where nothing is said.
        tensors: None where the graph's own are meant.

    """

    tasks: tuple[str, ...] | None = None
    tensors: Signature | None = None


def read_declared(source: Path) -> Declared:
    """Nothing is declared where there is no file.

    Raises:
        ConversionError: a field is not what it should be; says which.

    """
    try:
        return msgspec.json.decode((source / CONFIG).read_bytes(), type=Declared)
    except FileNotFoundError:
        return Declared()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConversionError(
            f"{CONFIG} is not what it should be: {error}",
            hint='Write {"tasks": ["custom"], "tensors": {"inputs": [{"name": "x", "datatype": "FP32", '
            '"shape": [-1, 4]}], "outputs": […]}}, or leave both out.',
        ) from error
