"""Transcribes one recording, window by window."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from tokenizers import Tokenizer

from control_plane.catalog import Provider
from gateway.observability.timing import stage
from gateway.serving.speech.model import SpeechModel, Written, speech_head
from gateway.serving.speech.recording import Recording
from gateway.serving.speech.results import Segment
from gateway.serving.speech.segments import Heard, read_window
from gateway.serving.threads import Threads
from model_repository.audio import Samples, log_mel
from model_repository.generation import SamplingParameters
from model_repository.manifest import Manifest

FAINT = 1e-3
"""Loudest sample of a window that counts as silence, 60 dB below the loudest there can be: models that hear
nothing make something up."""

REPETITIVE = 2.4
"""Compression ratio above which a text says the same over and over, and is written anew."""

HOTTER = 0.2
"""What the temperature is raised by for that, up to 1."""

ONE = SamplingParameters(max_new_tokens=1)

LEAST = 30
"""Windows move on by one part of so many at least."""


@dataclass(frozen=True, slots=True)
class _Window:
    """What was written about a window, and how."""

    heard: Heard
    texts: tuple[str, ...]
    temperature: float
    ratio: float
    logprob: float
    no_speech: float | None


class Scribe:
    """Hears a recording to its end.

    Args:
        prompt: tokens of what leads every window.
        threads: decode the sound and take its spectra.
        detailed: the probability of silence is wanted.

    """

    def __init__(
        self,
        model: SpeechModel,
        threads: Threads,
        provider: Provider,
        graph: Manifest,
        prompt: Sequence[int],
        *,
        detailed: bool,
    ) -> None:
        self._model = model
        self._threads = threads
        self._provider = provider
        self._graph = graph
        self._head = speech_head(graph)
        self._prompt = prompt
        self._detailed = detailed
        self._tokenizer: Tokenizer = model.tokenizer(graph)

    async def language(self, recording: Recording) -> str | None:
        """Code of the language of the first window; None where the model does not tell languages apart.

        Raises:
            TriremeError: as `write`.

        """
        tokens = self._head.tokens
        if not tokens.languages:
            return None
        sound = await self._window(recording)
        begun = await self._ask(tokens.prompt(None, ()), await self._features(sound), ONE)
        (token,) = begun.tokens
        return next(code for code, number in tokens.languages.items() if number == token)

    async def write(self, recording: Recording, language: str | None, temperature: float) -> list[Segment]:
        """All that is said.

        Raises:
            RecordingRefusedError: the recording is damaged.
            RecordingTooLongError: it is longer than may be.
            TriremeError: see `SpeechModel.write`.

        """
        audio, segments, seek = self._head.audio, list[Segment](), 0
        prompt = self._head.tokens.prompt(language, self._prompt)
        while len(sound := await self._window(recording)):
            step = len(sound)
            if abs(sound).max() > FAINT:
                window = await self._write(prompt, sound, temperature)
                segments += self._segments(window, seek / audio.sample_rate)
                step = max(int(window.heard.seconds * audio.sample_rate), audio.samples // LEAST)
            step = min(step, len(sound))
            recording.move(step)
            seek += step
        return segments

    async def _window(self, recording: Recording) -> Samples:
        with stage("decode"):
            return await self._threads.run(recording.window, self._head.audio.samples)

    async def _features(self, sound: Samples) -> Samples:
        with stage("decode"):
            return await self._threads.run(partial(log_mel, self._head.audio), sound)

    async def _write(self, prompt: Sequence[int], sound: Samples, temperature: float) -> _Window:
        """A window, if need be several times: what repeats itself is drawn anew, and hotter."""
        features = await self._features(sound)
        seconds = len(sound) / self._head.audio.sample_rate
        while True:
            parameters = _parameters(self._head.max_length, prompt, temperature)
            written = await self._ask(prompt, features, parameters)
            heard = read_window(written.tokens, self._head.tokens.no_timestamps + 1, seconds)
            texts = tuple(self._tokenizer.decode(list(span.tokens)) for span in heard.spans)
            ratio = _compression_ratio("".join(texts))
            if ratio <= REPETITIVE or temperature >= 1:
                logprob = fmean(written.logprobs or (0.0,))
                silence = await self._silence(prompt, features, written) if self._detailed else None
                return _Window(heard, texts, temperature, ratio, logprob, silence)
            temperature = min(1.0, temperature + HOTTER)

    async def _silence(self, prompt: Sequence[int], features: Samples, written: Written) -> float:
        """The probability that nobody speaks, which a model tells in the place behind its start token."""
        start = self._head.tokens.start
        if prompt[-1] == start:
            return written.no_speech
        begun = prompt[: prompt.index(start) + 1]
        return (await self._ask(begun, features, ONE)).no_speech

    async def _ask(self, prompt: Sequence[int], features: Samples, parameters: SamplingParameters) -> Written:
        return await self._model.write(self._provider, self._graph, prompt, features, parameters)

    def _segments(self, window: _Window, seek: float) -> list[Segment]:
        return [
            Segment(
                seek=seek,
                start=seek + span.start,
                end=seek + span.end,
                text=text,
                tokens=span.tokens,
                temperature=window.temperature,
                compression_ratio=window.ratio,
                avg_logprob=window.logprob,
                no_speech_prob=window.no_speech,
            )
            for span, text in zip(window.heard.spans, window.texts, strict=True)
            if text.strip()
        ]


def _parameters(longest: int, prompt: Sequence[int], temperature: float) -> SamplingParameters:
    """As many tokens as half the model's length, if the prompt leaves them; drawn alike each time."""
    most = min(longest // 2, longest - len(prompt))
    if not temperature:
        return SamplingParameters(max_new_tokens=most, stream_interval=most)
    return SamplingParameters(
        max_new_tokens=most, do_sample=True, temperature=temperature, seed=0, stream_interval=most
    )


def _compression_ratio(text: str) -> float:
    data = text.encode()
    return len(data) / len(zlib.compress(data))
