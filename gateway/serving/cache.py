"""An LRU cache of answers, bounded in bytes."""

from collections import OrderedDict
from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

Answer = tuple[NDArray[np.float32], ...]
"""What a row got of each output."""

ENTRY_BYTES = 600
"""What an entry takes beside the numbers of its answer and its tokens: tuples, heads of arrays, its place."""


class AnswerCache:
    """Answers by what was asked; the one that was not used for longest goes first.

    Args:
        max_bytes: of all entries together.

    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[Hashable, tuple[Answer, int]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        """Answers that are kept."""
        return len(self._entries)

    def get(self, question: Hashable) -> Answer | None:
        """The answer, if it is kept."""
        found = self._entries.get(question)
        if found is None:
            return None
        self._entries.move_to_end(question)
        return found[0]

    def put(self, question: Hashable, asked: int, answer: Answer) -> None:
        """Keep an answer; its arrays are made read-only, because others will get the same ones.

        Args:
            asked: bytes of the question.

        """
        size = ENTRY_BYTES + asked + sum(part.nbytes for part in answer)
        if size > self._max_bytes or question in self._entries:
            return
        for part in answer:
            part.flags.writeable = False
        self._entries[question] = answer, size
        self.bytes += size
        while self.bytes > self._max_bytes:
            _, (_, dropped) = self._entries.popitem(last=False)
            self.bytes -= dropped
