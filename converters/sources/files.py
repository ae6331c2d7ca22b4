"""Which files of a source a conversion reads, and the digest over them."""

import hashlib
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from converters.speech.ctranslate2 import MODEL, specification

WANTED = ("*.safetensors", "*.gguf", "*.json", "*.jinja", "*.txt", "*.model", "model.bin")
"""Weights, settings, vocabularies, chat templates and sentencepiece models: data only. Pickles and code are
never fetched; what is called `model.bin` stays only if it is CTranslate2's, see `drop_pickle`."""

UNWANTED_FOLDERS = ("onnx", "openvino", "coreml", "original")
"""Other people's conversions beside the original weights."""


WEIGHTS = (".safetensors", ".gguf")
GRAPH = "*.onnx"
"""Wanted only where there are no weights that the same graph could be exported from."""


def wanted(paths: Iterable[str]) -> list[str]:
    """Those files, by their paths inside the source, that belong to what is converted."""
    own = [path for path in paths if not set(PurePosixPath(path).parts) & set(UNWANTED_FOLDERS)]
    exportable = any(path.endswith(WEIGHTS) for path in own)
    patterns = WANTED if exportable else (*WANTED, GRAPH)
    return [path for path in own if any(fnmatch(path, pattern) for pattern in patterns)]


def drop_pickle(folder: Path) -> None:
    """Remove a `model.bin` that is not CTranslate2's, which is data, but a pickle, which is code."""
    for file in folder.rglob(MODEL):
        if specification(file) is None:
            file.unlink()


def digest(folder: Path) -> str:
    """`sha256:` over the relative name and the bytes of every file, in the order of their names."""
    total = hashlib.sha256()
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        name = path.relative_to(folder).as_posix().encode()
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
        total.update(len(name).to_bytes(8, "big") + name + content)
    return f"sha256:{total.hexdigest()}"
