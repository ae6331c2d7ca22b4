"""What travels to and from a generating model: its tensors, its sampling parameters and its settings.

A request is one prompt. Its responses are chunks: new tokens of one of the returned sequences, as soon as the
engine has as many as the request wants to see at a time. The last chunk of each sequence says why it ended;
the last one of all is Triton's final one.

With the prompt of a model that hears comes a window of sound; the prompt is what its own output begins with.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from model_repository.heads import AudioSpec, SpeechTokens, Struct
from model_repository.manifest import Precision, TensorSpec

INPUT_IDS = "input_ids"
INPUT_FEATURES = "input_features"
PARAMETERS = "parameters"
TOKEN_IDS = "token_ids"  # noqa: S105  # not a secret
INDEX = "index"
FINISH_REASON = "finish_reason"
LOGPROBS = "logprobs"
TOP_IDS = "top_ids"
TOP_LOGPROBS = "top_logprobs"

INPUTS = (
    TensorSpec(name=INPUT_IDS, datatype="INT64", shape=(-1,)),
    TensorSpec(name=PARAMETERS, datatype="BYTES", shape=(1,)),
)
"""The prompt, special tokens included, and `SamplingParameters` as JSON; no batch axis."""


def speech_inputs(audio: AudioSpec) -> tuple[TensorSpec, ...]:
    """What models that hear take beside: a window of sound as its log-mel spectrogram."""
    shape = (audio.mels, audio.frames)
    return (*INPUTS, TensorSpec(name=INPUT_FEATURES, datatype="FP32", shape=shape))


OUTPUTS = (
    TensorSpec(name=TOKEN_IDS, datatype="INT64", shape=(-1,)),
    TensorSpec(name=INDEX, datatype="INT64", shape=(1,)),
    TensorSpec(name=FINISH_REASON, datatype="BYTES", shape=(1,)),
    TensorSpec(name=LOGPROBS, datatype="FP32", shape=(-1,)),
    TensorSpec(name=TOP_IDS, datatype="INT64", shape=(-1, -1)),
    TensorSpec(name=TOP_LOGPROBS, datatype="FP32", shape=(-1, -1)),
)
"""New tokens without the one that ended the sequence, which sequence they continue, and a `FinishReason`.

Where `top_logprobs` asks for it, also the logprob of each new token, and `[tokens, top_logprobs]` of the
likeliest in its place, likeliest first, and behind them those of `told_ids`: natural logarithms of what the
model itself gives them, before any parameter has changed it.
"""


COLDEST = 1e-3
"""Temperature that lower ones are taken for: the likeliest token is all but certain there, and logits are no
numbers any more when they are divided by less."""

NARROWEST = 1e-6
"""`top_p` that lower ones are taken for: one token is left either way, and engines whose numbers have 32 bits
take the lowest ones for 0."""


class FinishReason(StrEnum):
    """Why a sequence ended; empty while it goes on."""

    NONE = ""
    STOP = "stop"
    LENGTH = "length"


class SamplingParameters(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How to choose the next tokens, in the meaning that transformers gives to each name.

    Attributes:
        max_new_tokens: most tokens to generate, those of the prompt not counted.
        min_new_tokens: no sequence ends before it has this many.
        do_sample: draw from the distribution instead of taking the likeliest token.
        top_k: draw from this many tokens at most; 0 for no limit.
        top_p: draw from the likeliest tokens that together have this probability.
        repetition_penalty: above 1 makes tokens of the prompt and of the output less likely.
        presence_penalty: taken once from the logit of each token that the output has already.
        frequency_penalty: taken from a token's logit as often as the output has it.
        logit_bias: added to the logits of token ids.
        no_repeat_ngram_size: no run of this many tokens occurs twice; 0 for no such rule.
        num_beams: hypotheses kept in a beam search; 1 is no beam search.
        length_penalty: exponent on the length that scores of beams are divided by; matters only there.
        early_stopping: a beam search ends with the first `num_beams` finished hypotheses.
        num_return_sequences: answers to the one prompt; more than 1 needs sampling without beams, or as
            many beams.
        seed: of the random numbers; the same seed draws the same tokens, whatever else is running. None draws
            other ones each time.
        stop_ids: tokens that end a sequence beside the model's own.
        stream_interval: new tokens of a sequence that a response brings, unless the sequence ends before.
        top_logprobs: likeliest tokens that are told with each new one, beside its own logprob; None for none.
        told_ids: tokens that are told behind these, likely or not.
        json_schema: the output is JSON that satisfies this schema, unless its length runs out.

    """

    max_new_tokens: Annotated[int, Meta(ge=1)]
    min_new_tokens: Annotated[int, Meta(ge=0)] = 0
    do_sample: bool = False
    temperature: Annotated[float, Meta(gt=0)] = 1.0
    top_k: Annotated[int, Meta(ge=0)] = 0
    top_p: Annotated[float, Meta(gt=0, le=1)] = 1.0
    repetition_penalty: Annotated[float, Meta(gt=0)] = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: dict[int, float] = msgspec.field(default_factory=dict)
    no_repeat_ngram_size: Annotated[int, Meta(ge=0)] = 0
    num_beams: Annotated[int, Meta(ge=1)] = 1
    length_penalty: float = 1.0
    early_stopping: bool = False
    num_return_sequences: Annotated[int, Meta(ge=1)] = 1
    seed: Annotated[int, Meta(ge=0, lt=2**32)] | None = None
    stop_ids: tuple[int, ...] = ()
    stream_interval: Annotated[int, Meta(ge=1)] = 1
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    told_ids: tuple[int, ...] = ()
    json_schema: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no engine could do.

        Raises:
            ValueError: parameters contradict each other.

        """
        if self.min_new_tokens > self.max_new_tokens:
            raise ValueError("min_new_tokens is above max_new_tokens")
        if (
            self.num_return_sequences > 1
            and not self.do_sample
            and self.num_return_sequences > self.num_beams
        ):
            raise ValueError("several answers need sampling, or at least as many beams")
        if self.num_beams > 1 and self.top_logprobs is not None:
            raise ValueError("logprobs are not told of beams")
        if self.told_ids and self.top_logprobs is None:
            raise ValueError("told_ids needs top_logprobs")
        if self.num_beams > 1 and self.json_schema is not None:
            raise ValueError("a beam search follows no JSON schema")

    @property
    def plain(self) -> bool:
        """Whether the paged engine means by them what transformers means by them."""
        told = self.top_logprobs or self.told_ids
        return not (self.num_beams > 1 or self.no_repeat_ngram_size or self.logit_bias or told)


class Runtime(StrEnum):
    """What generates inside the backend.

    PAGED: OpenVINO GenAI's continuous batching, for decoders; beam searches go to the library all the same.
    LIBRARY: the generation loop of transformers over the exported graphs.
    """

    PAGED = "paged"
    LIBRARY = "library"


class GenerationSettings(Struct, frozen=True, kw_only=True):
    """`generation.json`: how the backend runs the graphs beside it.

    Attributes:
        max_length: most tokens of prompt and output together; for encoder-decoders that read, of either.
        start_id: first token of the output of an encoder-decoder.
        forced_bos_id: token that must come right after it, or None.
        forced_eos_id: token that must come last when the length runs out, or None.
        speech: of a model that hears, whose output follows their grammar; None for models that read text.
        cache_tokens: tokens of all running sequences that the paged engine has room for; what does not fit
            waits.

    """

    runtime: Runtime
    encoder_decoder: bool
    precision: Precision
    max_length: int
    vocabulary: int
    eos_ids: tuple[int, ...]
    pad_id: int
    start_id: int | None = None
    forced_bos_id: int | None = None
    forced_eos_id: int | None = None
    speech: SpeechTokens | None = None
    cache_tokens: int = 65_536

    def longest(self, prompt: int, parameters: SamplingParameters) -> int:
        """Tokens that `max_length` must hold for a prompt of so many tokens."""
        new = parameters.max_new_tokens
        answers = self.encoder_decoder and self.speech is None
        return max(prompt, new) if answers else prompt + new


DECODER = "openvino_model.xml"
"""Stateful decoder: `input_ids`, `attention_mask`, `position_ids`, `beam_idx` -> `logits`; the paged engine
wants this very name."""

ENCODER = "encoder.xml"
"""`input_ids`, `attention_mask`, or `input_features` -> `last_hidden_state`."""

CROSS = "cross.xml"
"""The encoder's states -> keys and values of every cross attention."""

CACHED_DECODER = "decoder.xml"
"""One more token of an encoder-decoder, or several of one that hears: tokens, mask and caches in, logits and
longer caches out."""


def encode_parameters(parameters: SamplingParameters) -> bytes:
    """Content of the tensor `parameters`."""
    return msgspec.json.encode(parameters)


def decode_parameters(data: bytes) -> SamplingParameters:
    """The same back.

    Raises:
        msgspec.ValidationError: something is unknown, out of range or contradicts something else.

    """
    return msgspec.json.decode(data, type=SamplingParameters)
