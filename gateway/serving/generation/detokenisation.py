"""Streaming detokenisation: only whole characters, and nothing of a stop text."""

from collections.abc import Sequence

from tokenizers import Tokenizer

CONTEXT = 6
"""Tokens before the new ones that decide how these read: spaces between words, bytes of one character."""

INCOMPLETE = "\N{REPLACEMENT CHARACTER}"


class TextStream:
    """The text of one answer, piece by piece; the pieces together are the whole decoded at once.

    Only the last few tokens are decoded again for each piece, so it is done where the piece is needed: that
    takes some microseconds, less than waking a thread.

    Args:
        prompt: tokens that the answer continues; empty for an answer that stands by itself.
        stop: texts that end the answer.
        special_tokens: they are part of the text.

    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        prompt: Sequence[int],
        stop: Sequence[str] = (),
        *,
        special_tokens: bool = False,
    ) -> None:
        self._tokenizer = tokenizer
        self._skipped = not special_tokens
        self._tokens = list(prompt[-CONTEXT:])
        self._from, self._read = 0, len(self._tokens)
        self._stop = stop
        self._held = ""

    def feed(self, tokens: Sequence[int], *, final: bool) -> tuple[str, bool]:
        """Text that is certain now, and whether a stop text has come: nothing more may be fed then.

        Args:
            final: these tokens are the last, so nothing need be held back any more.

        """
        self._tokens += tokens
        self._held += self._decode(final=final)
        ends = [at for at in (self._held.find(text) for text in self._stop) if at >= 0]
        size = min(ends) if ends else len(self._held) - (0 if final else self._doubtful())
        ready, self._held = self._held[:size], self._held[size:]
        return ready, bool(ends)

    def _decode(self, *, final: bool) -> str:
        before: str = self._tokenizer.decode(
            self._tokens[self._from : self._read], skip_special_tokens=self._skipped
        )
        whole: str = self._tokenizer.decode(self._tokens[self._from :], skip_special_tokens=self._skipped)
        if whole.endswith(INCOMPLETE) and not final:
            return ""
        self._from, self._read = self._read, len(self._tokens)
        return whole[len(before) :]

    def _doubtful(self) -> int:
        """Characters at the end that may be the beginning of a stop text."""
        longest = max((len(text) - 1 for text in self._stop), default=0)
        for size in range(min(longest, len(self._held)), 0, -1):
            if any(text.startswith(self._held[-size:]) for text in self._stop):
                return size
        return 0
