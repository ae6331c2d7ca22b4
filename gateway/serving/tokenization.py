"""Text to token ids in Rust, off the event loop, in a bounded number of threads."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from tokenizers import Tokenizer

from gateway.serving.errors import OverloadedError, TokenizerUnavailableError
from model_repository.manifest import Manifest, TokenizerSpec

CHARACTERS_PER_TOKEN = 16
"""A first guess that holds for nearly all text; a wrong guess costs time, never a token."""

SLICE_CHARACTERS = 65_536
"""Characters that one turn in a thread takes: a huge request lets others in between its turns."""


IN_PLACE_CHARACTERS = 256
"""A request of at most this many characters is tokenised in place: that is quicker than waking a thread."""


class Encoder:
    """One version's tokenizer, set to cut at the model's limit."""

    def __init__(self, data: bytes, spec: TokenizerSpec) -> None:
        self._tokenizer = Tokenizer.from_buffer(data)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(spec.max_length)
        self._first_guess = CHARACTERS_PER_TOKEN * spec.max_length

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, special tokens included; releases the GIL while it works."""
        if all(len(text) <= self._first_guess for text in texts):
            return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]
        return [self._encode_long(text) for text in texts]

    def _encode_long(self, text: str) -> list[int]:
        """Token ids of a text of which the model may see only the beginning.

        Tokenising megabytes to keep some hundred tokens would hold a thread for seconds. A beginning made of
        whole words is enough once it overflows the limit, because what follows cannot change its tokens. If
        it does not overflow (long runs of spaces), a longer one is tried.
        """
        size = self._first_guess
        while True:
            end = len(text) if size >= len(text) else text.rfind(" ", 0, size)
            (encoding,) = self._tokenizer.encode_batch_fast([text[: end if end > 0 else size]])
            if size >= len(text) or encoding.overflowing:
                ids: list[int] = encoding.ids
                return ids
            size *= 8


class Tokenizers:
    """The encoders of all versions in service, by entry.

    Args:
        threads: how many requests are tokenised at the same time.
        queue: how many more may wait; beyond it `encode` refuses at once.

    """

    def __init__(self, *, threads: int, queue: int) -> None:
        self._encoders: dict[str, Encoder] = {}
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="tokenizer")
        self._limit = threads + queue
        self._pending = 0

    def __contains__(self, entry: str) -> bool:
        return entry in self._encoders

    async def load(self, manifest: Manifest, data: bytes) -> None:
        """Make the tokenizer of a version ready; `data` is its file's content."""
        encoder = await asyncio.get_running_loop().run_in_executor(
            self.pool, Encoder, data, manifest.tokenizer
        )
        self._encoders[manifest.entry] = encoder

    def retain(self, entries: Collection[str]) -> None:
        """Forget all encoders but those of `entries`."""
        self._encoders = {entry: each for entry, each in self._encoders.items() if entry in entries}

    async def encode(self, manifest: Manifest, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, cut at the model's limit, not padded.

        Raises:
            OverloadedError: too many requests wait for a thread.
            TokenizerUnavailableError: the version's tokenizer is not loaded.

        """
        encoder = self._encoders.get(manifest.entry)
        if encoder is None:
            raise TokenizerUnavailableError(f"the tokenizer of model {manifest.name} is not loaded")
        if sum(map(len, texts)) <= IN_PLACE_CHARACTERS:
            return encoder.encode(texts)
        if self._pending >= self._limit:
            raise OverloadedError("too many texts are waiting to be tokenised")
        loop = asyncio.get_running_loop()
        self._pending += 1
        try:
            rows: list[list[int]] = []
            for part in slices(texts):
                rows += await loop.run_in_executor(self.pool, encoder.encode, part)
            return rows
        finally:
            self._pending -= 1

    def close(self) -> None:
        """End the threads; what waits is dropped."""
        self.pool.shutdown(wait=False, cancel_futures=True)


def slices(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut a request into runs of texts of at most `SLICE_CHARACTERS`, one text at least."""
    start = size = 0
    for position, text in enumerate(texts):
        size += len(text)
        if size > SLICE_CHARACTERS and position > start:
            yield texts[start:position]
            start, size = position, len(text)
    yield texts[start:]
