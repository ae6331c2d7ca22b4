"""Checks of the safetensors files: present, whole and readable, before anything heavy begins."""

from pathlib import Path

import msgspec
from safetensors import SafetensorError, safe_open

from converters.inspection.files import read_json
from converters.spec import ConversionError


class _Index(msgspec.Struct):
    weight_map: dict[str, str]


def check_weights(root: Path) -> None:
    """Read the header of every weight file, which also holds the size that the file must have.

    Raises:
        ConversionError: there is no weight file, a part is missing or one is corrupt.

    """
    files = sorted(root.glob("*.safetensors"))
    index = root / "model.safetensors.index.json"
    if index.is_file():
        names = set(read_json(index, _Index).weight_map.values())
        missing = sorted(names - {file.name for file in files})
        if missing:
            raise ConversionError(
                f"the weights lack {missing[0]}, which {index.name} names",
                hint="Upload every part of the model.",
            )
    if not files:
        raise ConversionError(
            "the source holds no .safetensors weights",
            hint="Pickled weights such as pytorch_model.bin can run code and are not loaded: "
            "save the model again with save_pretrained().",
        )
    for file in files:
        try:
            with safe_open(file, framework="np") as tensors:
                tensors.keys()
        except (SafetensorError, OSError) as error:
            raise ConversionError(
                f"{file.name} is corrupt: {error}", hint="Download or save the weights again."
            ) from error
