"""Recognises which kind of model a source holds."""

from enum import StrEnum
from pathlib import Path

import msgspec

from converters.custom.layout import CONFIG, has_code
from converters.given.graph import has_graph
from converters.ocr.kit import find_kit
from converters.spec import ConversionError


class Kind(StrEnum):
    """How a model is handed over."""

    TRANSFORMERS = "transformers"
    GRAPH = "graph"
    OCR = "ocr"
    CODE = "code"


class _Config(msgspec.Struct):
    architectures: object = None
    tasks: object = None


def recognise(source: Path) -> Kind:
    """Look at the files.

    A configuration of transformers wins over code that lies beside it: that code is not run. A graph is one
    also where its configuration names tasks, as that of code does.

    Raises:
        ConversionError: it is none of them.

    """
    config = _config(source)
    declared = config is not None and config.architectures is not None
    if not declared and has_code(source):
        return Kind.CODE
    if has_graph(source):
        return Kind.GRAPH if find_kit(source) is None else Kind.OCR
    if not declared and config is not None and config.tasks is not None:
        return Kind.CODE
    if declared or any(path.suffix in (".safetensors", ".gguf") for path in source.rglob("*")):
        return Kind.TRANSFORMERS
    if config is not None or (source / "modules.json").is_file():
        return Kind.TRANSFORMERS
    raise ConversionError(
        "the source holds no model",
        hint="It is config.json, requirements.txt and model.bin; or config.json, tokenizer.json and "
        "model.safetensors; or model.onnx, and tokenizer.json if it reads text: at the top or in one "
        "folder.",
    )


def _config(source: Path) -> _Config | None:
    try:
        return msgspec.json.decode((source / CONFIG).read_bytes(), type=_Config)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Config()  # whoever reads it in earnest says what is wrong
