"""What goes into graphs that write down speech, and their head."""

from collections.abc import Sequence

from model_repository.heads.struct import Struct


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
