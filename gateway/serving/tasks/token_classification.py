"""Texts to the entities in them: token classification."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import fmean

from tokenizers import Encoding

from control_plane.catalog import Provider
from gateway.serving.encoders import OVERLAP
from gateway.serving.probabilities import Probabilities, softmax
from gateway.serving.rows import LENGTH, Array
from gateway.serving.tasks.text import TextModel
from model_repository.heads import TokenClassificationHead
from model_repository.manifest import Task

NOTHING = "O"
"""Label of tokens that belong to no entity."""

PREFIXES = ("B", "I")
"""Before a label: where an entity begins, and where it goes on."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A passage of the text with a label.

    Attributes:
        label: without the B- or I- that tells where an entity begins.
        score: mean probability over its words, 0 to 1.
        start: its first character's position in the text.
        end: position behind its last character.

    """

    label: str
    score: float
    start: int
    end: int
    text: str


_Window = tuple[Encoding, Array]
"""Tokens of a part of a text, and their logits, float32 `[tokens, labels]`."""


@dataclass(frozen=True, slots=True)
class _Word:
    """A word with the label of its first token, as such models are trained."""

    prefix: str
    label: str
    score: float
    start: int
    end: int


class TokenClassificationTask:
    """A long text is read in windows that overlap; each token is judged where it has the most around it."""

    def __init__(self, model: TextModel) -> None:
        self._model = model

    async def run(self, provider: Provider, texts: Sequence[str]) -> list[list[Entity]]:
        """Entities of each text, in their order.

        Raises:
            InputTooLongError: a text is too long even for windows.
            TriremeError: see `TextModel`.

        """
        graph = provider.graph(Task.TOKEN_CLASSIFICATION)
        head = graph.head
        assert isinstance(head, TokenClassificationHead)
        assert graph.tokenizer is not None
        overlap = graph.tokenizer.max_length // OVERLAP
        encodings = await self._model.encode(graph, texts)
        windows = [[encoding, *encoding.overflowing] for encoding in encodings]
        rows = [row for each in windows for row in each]
        found = await self._model.infer(provider, graph, rows, {head.output: (LENGTH, len(head.labels))})
        judged = zip(rows, found[head.output], strict=True)
        own = [list(islice(judged, len(each))) for each in windows]
        return await asyncio.to_thread(_read, texts, own, head.labels, overlap)


def _read(
    texts: Sequence[str], windows: Sequence[Sequence[_Window]], labels: Sequence[str], overlap: int
) -> list[list[Entity]]:
    """Entities of each text from the logits of its windows."""
    return [
        list(_entities(text, _words(own, labels, overlap))) for text, own in zip(texts, windows, strict=True)
    ]


def _words(windows: Sequence[_Window], labels: Sequence[str], overlap: int) -> Iterator[_Word]:
    """Words of a text in their order, each from the window in which it is further from the edge."""
    reached = -1
    for number, (window, logits) in enumerate(windows):
        probabilities = softmax(logits)
        final = number == len(windows) - 1
        words = _tokens_by_word(window)
        tokens = sum(map(len, words.values()))
        for word, own in words.items():
            tokens -= len(own)
            if word > reached and (final or tokens >= overlap // 2):
                yield _judge(window, own, labels, probabilities[own[0]])
                reached = word


def _tokens_by_word(window: Encoding) -> dict[int, list[int]]:
    """Positions of each word's tokens; words are numbered through all windows of a text."""
    words: dict[int, list[int]] = {}
    for token, word in enumerate(window.word_ids):
        if word is not None:
            words.setdefault(word, []).append(token)
    return words


def _judge(window: Encoding, tokens: Sequence[int], labels: Sequence[str], row: Probabilities) -> _Word:
    best = int(row.argmax())
    prefix, dash, label = labels[best].partition("-")
    prefix, label = (prefix, label) if dash and prefix in PREFIXES else ("", labels[best])
    start, end = window.offsets[tokens[0]][0], window.offsets[tokens[-1]][1]
    return _Word(prefix, label, float(row[best]), start, end)


def _entities(text: str, words: Iterator[_Word]) -> Iterator[Entity]:
    """Words in a row with one label, but for a B- that begins anew."""
    open_words: list[_Word] = []
    for word in words:
        if open_words and (word.label != open_words[-1].label or word.prefix == "B"):
            yield _entity(text, open_words)
            open_words = []
        if word.label != NOTHING:
            open_words.append(word)
    if open_words:
        yield _entity(text, open_words)


def _entity(text: str, words: Sequence[_Word]) -> Entity:
    start, end = words[0].start, words[-1].end
    return Entity(words[0].label, fmean(word.score for word in words), start, end, text[start:end])
