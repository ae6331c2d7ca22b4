"""What each stage hands to the next: plain data, saved as JSON beside the files it describes.

Most models are one graph; some, such as CLIP, are several that are called one by one. Each is a `Part`, and
from export on every stage keeps one result a part, by the part's name.
"""

import msgspec

from converters.spec import Stage
from model_repository.heads import EntailmentHead, Head, ImageSpec, RerankHead, SpanHead
from model_repository.manifest import Candidate, EngineSpec, Task, TensorSpec, TokenizerSpec
from model_repository.parity import ParityReport


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the stage results; every path in them is relative to the folder of their stage and part."""


class Fetched(Result, frozen=True, kw_only=True):
    """The source's files, copied into the stage folder.

    Attributes:
        uri: the source with its revision resolved.
        digest: `sha256:` over names and bytes of all files.

    """

    uri: str
    digest: str


class Signature(Result, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tensors of a graph that takes and gives plain numbers; every one has at least one axis."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


class Part(Result, frozen=True, kw_only=True):
    """One graph of the model, on its way to one entry.

    Attributes:
        name: empty where the model is one graph, else the graph's role, such as `text` or `image`.
        tasks: what callers may ask of it.
        head: what its outputs mean.
        inputs: names of the graph's inputs; the samples have exactly these.
        tokenizer: how text gets in; `tokenizer.json` lies in the part's folder of this stage.
        image: how images get in.
        signature: what goes in and out where it is neither text nor images of one size.
        shortest: fewest tokens that the model can read: more than 1 where it looks for a special token, such
            as the end of the text, or needs both texts of a pair.

    """

    name: str = ""
    tasks: tuple[Task, ...]
    head: Head
    inputs: tuple[str, ...] = ()
    tokenizer: TokenizerSpec | None = None
    image: ImageSpec | None = None
    signature: Signature | None = None
    shortest: int = 1

    @property
    def folder(self) -> str:
        """Where each stage keeps the part's files, relative to the stage's folder."""
        return self.name or "whole"

    @property
    def pairs(self) -> bool:
        """Two texts go in together."""
        return isinstance(self.head, EntailmentHead | RerankHead | SpanHead)


class Inspected(Result, frozen=True, kw_only=True):
    """What the model is, and how text and images get in and out.

    Attributes:
        root: folder of `config.json` and the weights, relative to the fetched files.
        architecture: class name in `config.json`.
        family: name of the family that converts it.
        stages: package of the stages that the family brings itself.

    """

    root: str
    architecture: str
    family: str
    stages: str
    parts: tuple[Part, ...]


class Graph(Result, frozen=True, kw_only=True):
    """The plain graph, `model.onnx`, without any engine's own operators.

    Attributes:
        exporter: the rung of the ladder that worked.
        max_batch_size: most rows of one request; 0 where requests are not joined: for models that generate,
            and where nobody knows which axis holds rows. Beyond 32 rows a CPU gains nothing, and 64 leaves
            room for faster hosts.

    """

    exporter: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    max_batch_size: int = 64


class Exported(Result, frozen=True, kw_only=True):
    """The graph of every part."""

    parts: dict[str, Graph]


class Variant(Result, frozen=True, kw_only=True):
    """One graph made from the plain one.

    Attributes:
        folder: holds its files and nothing else; empty where `error` says why there is none.

    """

    folder: str = ""
    error: str = ""


class Variants(Result, frozen=True, kw_only=True):
    """ONNX graphs beside the plain one.

    Attributes:
        fp32: with ONNX Runtime's fused operators.
        int8: with quantised weights, for ONNX Runtime.
        packed: of texts, the packed graph for OpenVINO; see `converters.families.packed`.

    """

    fp32: Variant
    int8: Variant
    packed: Variant | None = None


class Optimised(Result, frozen=True, kw_only=True):
    """The variants of every part."""

    parts: dict[str, Variants]


class Figures(Result, frozen=True, kw_only=True):
    """What was measured of a candidate on this host; see `model_repository.manifest.Candidate`."""

    texts_per_second: float
    latency_ms: float
    memory_mib: float | None
    pack_overhead: float | None = None


class Built(Result, frozen=True, kw_only=True):
    """One candidate in its engine's format.

    Attributes:
        folder: holds the model files and nothing else; empty where `error` says why there is none.
        figures: None where it does not run.
        proxy, unverified: of plans; see `model_repository.manifest.Candidate`.

    """

    engine: EngineSpec
    folder: str = ""
    figures: Figures | None = None
    error: str = ""
    proxy: ParityReport | None = None
    unverified: str = ""

    @property
    def candidate(self) -> Candidate:
        """What the manifest tells of it before it is judged."""
        return Candidate(
            engine=self.engine,
            **(msgspec.structs.asdict(self.figures) if self.figures else {}),
            error=self.error,
            proxy=self.proxy,
            unverified=self.unverified,
        )


class Compiled(Result, frozen=True, kw_only=True):
    """All candidates of every part, fastest first; those that do not run come last."""

    parts: dict[str, tuple[Built, ...]]


class Verdict(Result, frozen=True, kw_only=True):
    """Every candidate's figures and the one that is published; `probe.npz` lies in the part's folder.

    Attributes:
        folder: model files of the chosen candidate, relative to the part's folder of the compile stage.

    """

    folder: str
    candidates: tuple[Candidate, ...]

    @property
    def chosen(self) -> Candidate:
        """The candidate that is published."""
        return next(candidate for candidate in self.candidates if candidate.chosen)


class Verified(Result, frozen=True, kw_only=True):
    """The verdict on every part."""

    parts: dict[str, Verdict]


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
