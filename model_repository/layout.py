"""Names and paths of the model repository: which names may exist, and which file lies where inside an entry.

<owner>.<name>.<version>[.<part>]/  the entry, at once the model name that Triton knows
    config.pbtxt                    for Triton
    manifest.json                   for us
    SHA256SUMS                      digests of all other files, written when the entry is published
    probe.npz                       stored sample: inputs and the outputs expected for them
    tokenizer/tokenizer.json
    <version>/model.onnx            or model.xml and model.bin, or model.plan
    graph/model.onnx                the plain graph, kept where TensorRT plans were asked for

"""

import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Self

from model_repository.errors import RepositoryError
from model_repository.manifest import Engine, Manifest

CONFIG = "config.pbtxt"
MANIFEST = "manifest.json"
DIGESTS = "SHA256SUMS"
PROBE = "probe.npz"
TOKENIZER = "tokenizer/tokenizer.json"
GRAPH = "graph/model.onnx"

GLOBAL_OWNER = "global"
"""Owner of built-in models."""

MODEL_FILES = {
    Engine.ONNXRUNTIME: "model.onnx",
    Engine.OPENVINO: "model.xml",
    Engine.OPENVINO_PACKED: "model.xml",
    Engine.TENSORRT: "model.plan",
    Engine.TENSORRT_RTX: "model.plan",
    Engine.GENERATION: "generation.json",
    Engine.CUSTOM: "custom.json",
}
"""File that each engine's backend opens, in the version's folder."""

WEIGHTS = "model.onnx"
"""Beside a plan that was built without weights: the typed graph that has them."""

_NAMES = {
    "owner": re.compile(r"[a-z0-9][a-z0-9_-]{0,99}"),
    "model": re.compile(r"[a-z0-9_-]{1,100}"),
}
"""An owner begins the name of a folder, which no tool may take for an option."""

_PART = re.compile(r"[a-z]{1,16}")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")


class InvalidNameError(RepositoryError):
    """An owner, a model, an entry or a path inside one has a name that may not be."""

    status = 400
    code = "invalid_name"


class EntryName(NamedTuple):
    """The parts of an entry's name; `str()` joins them again."""

    owner: str
    name: str
    version: int
    part: str = ""

    def __str__(self) -> str:
        whole = f"{self.owner}.{self.name}.{self.version}"
        return f"{whole}.{self.part}" if self.part else whole

    @classmethod
    def parse(cls, entry: str) -> Self:
        """Parts of an entry's name.

        Raises:
            InvalidNameError: it is not `owner.name.version`, or that with `.part`, with names that may be.

        """
        match entry.split("."):
            case [owner, name, version, *part] if _VERSION.fullmatch(version) and _is_part(part):
                return cls(check_owner_name(owner), check_model_name(name), int(version), *part)
        raise InvalidNameError(f"{entry!r} is not the name of a repository entry")


def check_model_name(name: str) -> str:
    """The name, when it may name a model.

    Raises:
        InvalidNameError: it may not.

    """
    return _check("model", name)


def check_owner_name(name: str) -> str:
    """The name, when it may own models.

    Raises:
        InvalidNameError: it may not.

    """
    return _check("owner", name)


def is_entry(name: str) -> bool:
    """Whether a folder or a model of that name can be one of ours."""
    try:
        EntryName.parse(name)
    except InvalidNameError:
        return False
    return True


def model_path(manifest: Manifest) -> str:
    """Path of the graph, relative to the entry: `<version>/model.onnx`."""
    return f"{manifest.version}/{MODEL_FILES[manifest.engine.engine]}"


def resolve(entry: Path, path: str) -> Path:
    """Absolute path of a file inside an entry.

    Raises:
        InvalidNameError: the path is absolute, steps up or leads out of the entry through a link.

    """
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path or "\\" in path:
        raise InvalidNameError(f"{path!r} is not a path inside a repository entry")
    root = entry.resolve()
    target = (root / path).resolve()
    if not target.is_relative_to(root):
        raise InvalidNameError(f"{path!r} is not a path inside a repository entry")
    return target


def _is_part(rest: list[str]) -> bool:
    return not rest or (len(rest) == 1 and _PART.fullmatch(rest[0]) is not None)


def _check(kind: str, name: str) -> str:
    if not _NAMES[kind].fullmatch(name):
        start = ", beginning with a letter or digit" if kind == "owner" else ""
        raise InvalidNameError(
            f"{name!r} cannot name {'an' if kind == 'owner' else 'a'} {kind}",
            hint=f"Use up to 100 lower-case letters, digits, - and _{start}.",
        )
    return name
