"""Input and output of transcription."""

from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A recording, and how to write it down.

    Attributes:
        file: wav, mp3, flac or ogg; it is read from its beginning.
        language: code such as `en`; empty to have it found out.
        prompt: what was said before, or words as they are to be spelled; empty for none.
        temperature: 0 takes the likeliest words; above it they are drawn.
        detailed: the probability of silence is wanted, which may take the model one more look at each window.

    """

    file: BinaryIO
    language: str = ""
    prompt: str = ""
    temperature: float = 0.0
    detailed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A sentence, or as much as the model takes for one.

    Attributes:
        seek: seconds at which the window began that it was heard in.
        start: seconds from the beginning of the recording.
        end: likewise.
        temperature: that it was written with.
        compression_ratio: how many times shorter the window's text gets by compressing it; high where it
            repeats itself.
        avg_logprob: mean of the logprobs of the window's tokens; low where the model guesses.
        no_speech_prob: that nobody speaks in the window; None where it was not wanted.

    """

    seek: float
    start: float
    end: float
    text: str
    tokens: tuple[int, ...]
    temperature: float
    compression_ratio: float
    avg_logprob: float
    no_speech_prob: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said.

    Attributes:
        language: code of the language that was spoken, or that the model knows alone.
        seconds: length of the recording.

    """

    text: str
    language: str
    seconds: float
    segments: tuple[Segment, ...]
