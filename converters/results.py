"""What each stage hands to the next: plain data, saved as JSON beside the files it describes."""

import msgspec

from converters.spec import Stage
from model_repository.heads import Pooling
from model_repository.manifest import Candidate, EngineSpec, Task, TensorSpec


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the stage results; every path in them is relative to the folder of their stage."""


class Fetched(Result, frozen=True, kw_only=True):
    """The source's files, copied into the stage folder.

    Attributes:
        uri: the source with its revision resolved.
        digest: `sha256:` over names and bytes of all files.

    """

    uri: str
    digest: str


class Inspected(Result, frozen=True, kw_only=True):
    """What the model is, and how text gets in and out; `tokenizer.json` lies in the stage folder.

    Attributes:
        root: folder of `config.json` and the weights, relative to the fetched files.
        architecture: class name in `config.json`.
        max_length: longest sequence in tokens, special tokens included.
        type_ids: the tokenizer marks single texts with token types other than 0, so the graph needs them.

    """

    root: str
    task: Task
    architecture: str
    max_length: int
    pad_id: int
    pad_token: str
    type_ids: bool
    dimensions: int
    pooling: Pooling
    normalise: bool


class Exported(Result, frozen=True, kw_only=True):
    """The plain graph, `model.onnx`, without any engine's own operators.

    Attributes:
        exporter: the rung of the ladder that worked.
        answer: name of the output that callers ask for.

    """

    exporter: str
    answer: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


class Variant(Result, frozen=True, kw_only=True):
    """One graph made from the plain one.

    Attributes:
        file: its ONNX file, or an empty string where `error` says why there is none.

    """

    file: str = ""
    error: str = ""


class Optimised(Result, frozen=True, kw_only=True):
    """ONNX graphs for ONNX Runtime: `fp32` with its fused operators, `int8` with quantised weights."""

    fp32: Variant
    int8: Variant


class Built(Result, frozen=True, kw_only=True):
    """One candidate in its engine's format.

    Attributes:
        folder: holds the model files and nothing else; empty where `error` says why there is none.
        texts_per_second: throughput on this host, or None where it does not run.

    """

    engine: EngineSpec
    folder: str = ""
    texts_per_second: float | None = None
    error: str = ""


class Compiled(Result, frozen=True, kw_only=True):
    """All candidates, fastest first; those that do not run come last."""

    candidates: tuple[Built, ...]


class Verified(Result, frozen=True, kw_only=True):
    """Every candidate's figures and the one that is published; `probe.npz` lies in the stage folder.

    Attributes:
        folder: model files of the chosen candidate, relative to the folder of the compile stage.

    """

    folder: str
    candidates: tuple[Candidate, ...]

    @property
    def chosen(self) -> Candidate:
        """The candidate that is published."""
        return next(candidate for candidate in self.candidates if candidate.chosen)


class Packaged(Result, frozen=True, kw_only=True):
    """The finished entries.

    Attributes:
        entries: their folders, relative to the folder of the package stage.

    """

    entries: tuple[str, ...]


RESULT_TYPES: dict[Stage, type[Result]] = {
    Stage.FETCH: Fetched,
    Stage.INSPECT: Inspected,
    Stage.EXPORT: Exported,
    Stage.OPTIMISE: Optimised,
    Stage.COMPILE: Compiled,
    Stage.VERIFY: Verified,
    Stage.PACKAGE: Packaged,
}
