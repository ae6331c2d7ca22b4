"""What goes into a graph and what its outputs mean: the part of a manifest that the gateway's tasks read."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class Pooling(StrEnum):
    """How token vectors become one vector; all of them look at unmasked tokens only."""

    MEAN = "mean"
    CLS = "cls"
    MAX = "max"


class Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the manifest's parts: no silent extra fields."""


class ImageSpec(Struct, frozen=True, kw_only=True):
    """How an image becomes the graph's `pixel_values`, FP32 `[batch, 3, height, width]`, RGB.

    In order: resize the shorter side to `resize` pixels (or both sides to it, if `keep_ratio` is off), cut
    `height` x `width` from the centre, scale to 0..1, subtract `mean`, divide by `std` (a number a channel).

    Attributes:
        resample: Pillow's filter: `nearest`, `bilinear`, `bicubic` or `lanczos`.

    """

    height: int
    width: int
    resize: int
    keep_ratio: bool
    resample: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class AudioSpec(Struct, frozen=True, kw_only=True):
    """How sound becomes the graph's `input_features`, FP32 `[mels, frames]`; see `model_repository.audio`.

    Attributes:
        sample_rate: samples a second that the model was trained on; other sound is resampled to it.
        mels: bands of the spectrogram.
        fft: samples in the Fourier transform of one frame.
        hop: samples from one frame to the next.
        frames: in the window that the model hears at once, which is always full: silence fills the rest.

    """

    sample_rate: int
    mels: int
    fft: int
    hop: int
    frames: int

    @property
    def samples(self) -> int:
        """In one window."""
        return self.frames * self.hop

    @property
    def seconds(self) -> float:
        """Length of one window."""
        return self.samples / self.sample_rate


class EmbeddingHead(Struct, frozen=True, kw_only=True, tag="embedding"):
    """Text in, one vector out: `output` has the shape `[batch, dimensions]`, FP32.

    Attributes:
        matryoshka: lengths that its vectors may be cut to, because the model was trained so that their first
            numbers stand for the whole; empty for any length, None for none.

    """

    output: str
    dimensions: int
    pooling: Pooling | None
    normalise: bool
    matryoshka: tuple[int, ...] | None = None


class ImageEmbeddingHead(Struct, frozen=True, kw_only=True, tag="image-embedding"):
    """Image in, one vector out.

    Attributes:
        output: FP32 `[batch, dimensions]`, as the model projects it, not scaled to unit length.
        logit_scale: factor on cosines with the text tower's vectors before the softmax over labels, or None
            where the model has no text tower.

    """

    output: str
    dimensions: int
    logit_scale: float | None = None


class ClassificationHead(Struct, frozen=True, kw_only=True, tag="classification"):
    """Text or image in, one score a label out: `output` has the shape `[batch, labels]`, FP32 logits.

    Attributes:
        multi_label: labels are judged each by itself (sigmoid) instead of against each other (softmax).

    """

    output: str
    labels: tuple[str, ...]
    multi_label: bool = False


class EntailmentHead(Struct, frozen=True, kw_only=True, tag="entailment"):
    """Premise and hypothesis in, NLI logits out: `output` has the shape `[batch, 2 or 3]`, FP32.

    Attributes:
        entailment: its column.
        contradiction: its column; a neutral column, where there is one, is left out of the softmax.

    """

    output: str
    entailment: int
    contradiction: int


class RerankHead(Struct, frozen=True, kw_only=True, tag="rerank"):
    """Query and passage in, how well they fit out: `output` has the shape `[batch, 1]`, FP32 logits.

    Attributes:
        sigmoid: the score is the logit's sigmoid, 0 to 1, and not the logit itself.

    """

    output: str
    sigmoid: bool


class TokenClassificationHead(Struct, frozen=True, kw_only=True, tag="token-classification"):
    """Text in, one row of logits a token out: `output` has the shape `[batch, length, labels]`, FP32."""

    output: str
    labels: tuple[str, ...]


class SpanHead(Struct, frozen=True, kw_only=True, tag="span"):
    """Question and context in, logits of the answer's first and last token out: `[batch, length]`, FP32."""

    start: str
    end: str


class TextDetectionHead(Struct, frozen=True, kw_only=True, tag="text-detection"):
    """Page in, a map of its text out: `output` is FP32 `[batch, 1, height, width]`, 0 to 1 a pixel.

    The page comes as FP32 `[batch, 3, height, width]`, BGR from -1 to 1.

    Attributes:
        stride: both sides of the page are multiples of it.
        shortest: pixels that the shorter side is scaled up to where it has fewer.
        longest: pixels that the longer side is scaled down to where it has more.
        threshold: of a pixel that belongs to a line of text.
        line_threshold: of the mean over a line, below which it is none.
        expansion: the map shows the core of a line; each side moves out by this times area through perimeter.

    """

    output: str
    stride: int
    shortest: int
    longest: int
    threshold: float
    line_threshold: float
    expansion: float


class TextDirectionHead(Struct, frozen=True, kw_only=True, tag="text-direction"):
    """Line in, whether it stands on its head out: `output` is FP32 `[batch, 2]`, upright and turned, sum 1.

    The line comes as FP32 `[batch, 3, height, width]`, BGR from -1 to 1, 0 on the right where it is shorter.

    Attributes:
        threshold: from which on a line is taken to be turned.

    """

    output: str
    height: int
    width: int
    threshold: float


class TextRecognitionHead(Struct, frozen=True, kw_only=True, tag="text-recognition"):
    """Line in, its characters out, for CTC: one step for every `stride` columns of pixels.

    The line comes as FP32 `[batch, 3, height, width]`, BGR from -1 to 1, 0 on the right where it is shorter.

    Attributes:
        output: FP32 `[batch, steps, characters + 1]`, probabilities; too large to send around.
        ids: INT64 `[batch, steps]`, the likeliest character of each step, 0 for none.
        scores: FP32 `[batch, steps]`, its probability.
        characters: those with the ids 1 and up, one code point each.
        threshold: of the mean score of a line, below which it is no text.

    """

    output: str
    ids: str
    scores: str
    height: int
    stride: int
    characters: str
    threshold: float


class GenerationHead(Struct, frozen=True, kw_only=True, tag="generation"):
    """Token ids in, token ids out, one response a step; the tensors are those of the backend `generation`.

    Attributes:
        encoder_decoder: the output does not continue the input but answers it.
        eos_ids: any of them ends a sequence.
        max_length: most tokens of prompt and output together, or of the output for encoder-decoders.
        chat_template: Jinja template of the tokenizer, or an empty string.
        special_tokens: texts that the template may name, such as `bos_token`.

    """

    encoder_decoder: bool
    eos_ids: tuple[int, ...]
    bos_id: int | None
    max_length: int
    chat_template: str = ""
    special_tokens: dict[str, str] = msgspec.field(default_factory=dict)


class SpeechTokens(Struct, frozen=True, kw_only=True):
    """Tokens with a meaning of their own to a model that writes down speech.

    Attributes:
        start: every transcript begins with it, perhaps after what was said before.
        previous: begins what was said before.
        transcribe: asks for a transcript rather than a translation; None where the model knows one task only.
        languages: token of each language by its code, such as `en`; empty where the model knows one only.
        no_speech: likely at the start where nobody speaks.
        no_timestamps: never written here; the numbers above it are timestamps, from 0 s in steps of 20 ms.
        never: that no transcript may hold.
        not_first: that no transcript may begin with.

    """

    start: int
    previous: int
    transcribe: int | None
    languages: dict[str, int]
    no_speech: int
    no_timestamps: int
    never: tuple[int, ...]
    not_first: tuple[int, ...]

    def prompt(self, language: str | None, before: Sequence[int]) -> list[int]:
        """What a transcript begins with.

        Args:
            language: code of the language that is spoken; None where the model is to tell, by its next token.
            before: tokens of what was said before.

        """
        said = (self.previous, *before) if before else ()
        if not self.languages or language is None:
            return [*said, self.start]
        task = () if self.transcribe is None else (self.transcribe,)
        return [*said, self.start, self.languages[language], *task]


class SpeechHead(Struct, frozen=True, kw_only=True, tag="speech"):
    """A window of sound in, token ids out; the tensors are those of the backend `generation`.

    Attributes:
        eos_ids: any of them ends a transcript.
        max_length: most tokens of prompt and transcript together.

    """

    audio: AudioSpec
    tokens: SpeechTokens
    eos_ids: tuple[int, ...]
    max_length: int


class CustomHead(Struct, frozen=True, kw_only=True, tag="custom"):
    """The fields of a request in, a bare result out, by the author's own code; see `model_repository.custom`.

    Attributes:
        load_seconds: longest that a call may wait for a model that has to be loaded again.
        call_seconds: longest that it then takes.

    """

    load_seconds: float
    call_seconds: float


class TensorHead(Struct, frozen=True, kw_only=True, tag="tensors"):
    """Plain numbers in and out, as the manifest describes the tensors; what they mean is not known.

    Attributes:
        outputs: names, in the order in which callers get them.

    """

    outputs: tuple[str, ...]


Head = (
    EmbeddingHead
    | ImageEmbeddingHead
    | ClassificationHead
    | EntailmentHead
    | RerankHead
    | TokenClassificationHead
    | SpanHead
    | TextDetectionHead
    | TextDirectionHead
    | TextRecognitionHead
    | GenerationHead
    | SpeechHead
    | CustomHead
    | TensorHead
)
"""What a graph's outputs mean, and so which code of the gateway reads them."""
