"""Speech to text."""

from control_plane.catalog import Provider
from gateway.serving.metering.call import current_call
from gateway.serving.speech.errors import LanguageRefusedError
from gateway.serving.speech.model import SpeechModel, speech_head
from gateway.serving.speech.recording import Recording
from gateway.serving.speech.results import Spoken, Transcript
from gateway.serving.speech.scribe import Scribe
from gateway.serving.threads import Threads
from model_repository.heads import SpeechTokens
from model_repository.manifest import Manifest, Task

TOKENS_PER_SECOND = 8
"""More than anybody speaks: half the length of a model in its window."""

BYTES_PER_SECOND = 1000
"""Less than any recording takes in which somebody can be understood."""

ONLY = "en"
"""What models of one language write."""


class TranscriptionTask:
    """Recordings of any length, up to a limit.

    Args:
        threads: recordings that are decoded at the same time.
        queue: how many more may be worked on; beyond it `run` refuses at once.
        max_seconds: longest recording.

    """

    def __init__(self, model: SpeechModel, *, threads: int, queue: int, max_seconds: float) -> None:
        self._model = model
        self._threads = Threads("recordings", threads=threads, queue=queue)
        self._max_seconds = max_seconds

    async def run(self, provider: Provider, spoken: Spoken) -> Transcript:
        """What is said in a recording.

        Raises:
            LanguageRefusedError: the model does not know the language.
            RecordingRefusedError: the file is no sound, or damaged.
            RecordingTooLongError: it is longer than may be.
            OverloadedError: too many recordings are being worked on.
            TriremeError: see `SpeechModel.write`.

        """
        graph = provider.graph(Task.TRANSCRIPTION)
        head = speech_head(graph)
        _check(graph, head.tokens, spoken.language)
        prompt = await self._model.read_prompt(graph, spoken.prompt)
        scribe = Scribe(self._model, self._threads, provider, graph, prompt, detailed=spoken.detailed)
        with self._threads.admit():
            spoken.file.seek(0)
            recording = await self._threads.run(
                Recording, spoken.file, head.audio.sample_rate, self._max_seconds
            )
            language = spoken.language or await scribe.language(recording)
            segments = tuple(await scribe.write(recording, language, spoken.temperature))
        text = "".join(segment.text for segment in segments).strip()
        if (call := current_call()) is not None:
            call.wrote(text, sum(len(segment.tokens) for segment in segments))
        return Transcript(text=text, language=language or ONLY, seconds=recording.seconds, segments=segments)

    def longest(self, size: int) -> int:
        """Tokens of the transcript of a file of so many bytes, at most."""
        return int(TOKENS_PER_SECOND * min(self._max_seconds, size / BYTES_PER_SECOND))

    def close(self) -> None:
        """End the threads; what waits is dropped."""
        self._threads.close()


def _check(graph: Manifest, tokens: SpeechTokens, language: str) -> None:
    known = tokens.languages or {ONLY: 0}
    if language and language not in known:
        names = ", ".join(sorted(known))
        raise LanguageRefusedError(f"model {graph.name} does not write {language}; it knows {names}")
