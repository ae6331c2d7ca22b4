"""Text to tokens in Rust, off the event loop, in a bounded number of threads."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial

from tokenizers import Encoding, Tokenizer

from gateway.serving.encoders import Encoder, Text, WindowEncoder, create_encoder
from gateway.serving.errors import TokenizerUnavailableError
from gateway.serving.threads import IN_PLACE_CHARACTERS, Threads
from model_repository.manifest import Manifest
from model_repository.vocabulary import Vocabulary

SLICE_CHARACTERS = 65_536
"""Characters that one turn in a thread takes: a huge request lets others in between its turns."""


class Tokenizers:
    """The encoders of all versions in service, by entry.

    Args:
        threads: how many requests are tokenised at the same time.
        queue: how many more may wait; beyond it `encode` refuses at once.

    """

    def __init__(self, *, threads: int, queue: int) -> None:
        self._encoders: dict[str, Encoder | WindowEncoder] = {}
        self.threads = Threads("texts", threads=threads, queue=queue)

    def __contains__(self, entry: str) -> bool:
        return entry in self._encoders

    async def load(self, manifest: Manifest, data: bytes) -> None:
        """Make the tokenizer of a graph ready; `data` is its file's content."""
        self._encoders[manifest.entry] = await self.threads.run(create_encoder, manifest, data)

    def retain(self, entries: Collection[str]) -> None:
        """Forget all encoders but those of `entries`."""
        self._encoders = {entry: each for entry, each in self._encoders.items() if entry in entries}

    async def encode(self, manifest: Manifest, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text; see `encodings`."""
        return [encoding.ids for encoding in await self.encodings(manifest, texts)]

    async def encodings(self, manifest: Manifest, texts: Sequence[Text]) -> list[Encoding]:
        """Tokens of each text or pair, cut as the graph's head wants it, not padded.

        Raises:
            OverloadedError: too many requests wait for a thread.
            TokenizerUnavailableError: the version's tokenizer is not loaded.
            InputTooLongError: a text is too long even for windows.

        """
        encoder = self._encoder(manifest)
        if sum(map(_characters, texts)) <= IN_PLACE_CHARACTERS:
            return encoder.encode(texts)
        with self.threads.admit():
            rows: list[Encoding] = []
            for part in slices(texts):
                rows += await self.threads.run(encoder.encode, part)
            return rows

    async def prompt(self, manifest: Manifest, text: str) -> Encoding:
        """Tokens of a text that has its special tokens already, such as a conversation.

        Raises:
            OverloadedError: too many requests wait for a thread.
            TokenizerUnavailableError: the version's tokenizer is not loaded.

        """
        encoder = self._encoder(manifest)
        assert isinstance(encoder, Encoder)
        if len(text) <= IN_PLACE_CHARACTERS:
            (encoding,) = encoder.encode([text], complete=True)
            return encoding
        with self.threads.admit():
            (encoding,) = await self.threads.run(partial(encoder.encode, complete=True), [text])
            return encoding

    def tokenizer(self, manifest: Manifest) -> Tokenizer:
        """The tokenizer itself, to turn tokens into text.

        Raises:
            TokenizerUnavailableError: it is not loaded.

        """
        return self._encoder(manifest).tokenizer

    def vocabulary(self, manifest: Manifest) -> Vocabulary:
        """What each token adds to a text.

        Raises:
            TokenizerUnavailableError: it is not loaded.

        """
        return self._encoder(manifest).vocabulary

    def close(self) -> None:
        """End the threads; what waits is dropped."""
        self.threads.close()

    def _encoder(self, manifest: Manifest) -> Encoder | WindowEncoder:
        encoder = self._encoders.get(manifest.entry)
        if encoder is None:
            raise TokenizerUnavailableError(f"the tokenizer of model {manifest.name} is not loaded")
        return encoder


def slices(texts: Sequence[Text]) -> Iterator[Sequence[Text]]:
    """Cut a request into runs of texts of at most `SLICE_CHARACTERS`, one text at least."""
    start = size = 0
    for position, text in enumerate(texts):
        size += _characters(text)
        if size > SLICE_CHARACTERS and position > start:
            yield texts[start:position]
            start, size = position, _characters(text)
    yield texts[start:]


def _characters(text: Text) -> int:
    return len(text) if isinstance(text, str) else len(text[0]) + len(text[1])
