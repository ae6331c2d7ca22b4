"""Fields of a request for a transcription, and its answers."""

from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from gateway.apis.opengatellm.schemas.answers import InferenceUsage
from gateway.serving.speech.languages import CODES, NAMES
from gateway.serving.speech.results import Segment, Transcript

LANGUAGES = ("", *sorted(CODES))
HUNDREDTHS = 100


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise PydanticCustomError("enum", "Input should be the code or the English name of a language")
    return language


class TranscriptionFields(BaseModel):
    """All but the file; fields that are not listed are ignored."""

    model: str = Field(description="Name or alias of a model.", examples=["whisper-tiny-en"])
    language: Annotated[str, AfterValidator(_known)] = Field(
        "",
        description="Code or English name of the language that is spoken; found out where it is empty.",
        json_schema_extra={"enum": list(LANGUAGES)},
    )
    prompt: str = Field("", description="What was said before, or words as they are to be spelled.")
    response_format: Literal["json", "text", "verbose_json"] = "json"
    temperature: float = Field(
        0.0, ge=0, le=1, description="0 for the likeliest words; above it words are drawn."
    )
    timestamp_granularities: list[Literal["segment"]] = Field(
        [],
        alias="timestamp_granularities[]",
        description="What has timestamps in `verbose_json`: segments; single words have none.",
    )


class TranscriptionSegment(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence, or as much as the model takes for one; times in seconds, `seek` in hundredths of one."""

    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: tuple[int, ...]
    temperature: float
    compression_ratio: float
    avg_logprob: float
    no_speech_prob: float | None

    @classmethod
    def of(cls, number: int, segment: Segment) -> Self:
        """As this API shows it."""
        return cls(
            id=number,
            seek=round(HUNDREDTHS * segment.seek),
            start=round(segment.start, 2),
            end=round(segment.end, 2),
            text=segment.text,
            tokens=segment.tokens,
            temperature=segment.temperature,
            compression_ratio=segment.compression_ratio,
            avg_logprob=segment.avg_logprob,
            no_speech_prob=segment.no_speech_prob,
        )


class Transcription(msgspec.Struct, frozen=True, kw_only=True):
    """What was said; all that follows `usage` comes with `verbose_json` alone, from models on Triton."""

    id: str
    text: str
    model: str
    usage: InferenceUsage
    task: Literal["transcribe"] | msgspec.UnsetType = msgspec.UNSET
    language: str | msgspec.UnsetType = msgspec.UNSET
    duration: float | msgspec.UnsetType = msgspec.UNSET
    segments: tuple[TranscriptionSegment, ...] | msgspec.UnsetType = msgspec.UNSET


def details(transcript: Transcript) -> dict[str, Any]:
    """What `verbose_json` adds to the text."""
    segments = enumerate(transcript.segments)
    return {
        "task": "transcribe",
        "language": NAMES.get(transcript.language, transcript.language),
        "duration": round(transcript.seconds, 2),
        "segments": [TranscriptionSegment.of(number, segment) for number, segment in segments],
    }
