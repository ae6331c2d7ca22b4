"""Questions to passages of their contexts: extractive question answering.

Whether a context answers at all is judged as models trained with unanswerable questions learn it: by the
first token, which stands for "not here". When that beats every passage, there is no answer.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from tokenizers import Encoding

from control_plane.catalog import Provider
from gateway.serving.probabilities import softmax
from gateway.serving.rows import LENGTH, Array
from gateway.serving.tasks.text import TextModel
from model_repository.heads import SpanHead
from model_repository.manifest import Task

MAX_ANSWER_TOKENS = 30
CONTEXT = 1
"""Its place in the pair."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A passage of the context, or that there is none.

    Attributes:
        text: None when the context does not answer.
        score: probability of the passage's first token times that of its last, 0 to 1; without an answer
            that of there being none.
        start: its first character's position in the context.
        end: position behind its last character.

    """

    text: str | None
    score: float
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class _Span:
    """Best passage of one window; tokens are positions in the window.

    Attributes:
        logit: sum of both tokens' logits, comparable between windows.
        null: the same for "not here".

    """

    window: Encoding
    first: int
    last: int
    logit: float
    score: float
    null: float
    null_score: float


class ExtractiveAnswerTask:
    """A long context is read in windows that overlap; the best passage of all wins."""

    def __init__(self, model: TextModel) -> None:
        self._model = model

    async def run(
        self, provider: Provider, questions: Sequence[str], contexts: Sequence[str]
    ) -> list[Answer]:
        """Answer to each question from its context.

        Raises:
            InputTooLongError: a context is too long even for windows.
            TriremeError: see `TextModel`.

        """
        graph = provider.graph(Task.QUESTION_ANSWERING)
        head = graph.head
        assert isinstance(head, SpanHead)
        encodings = await self._model.encode(graph, list(zip(questions, contexts, strict=True)))
        windows = [[encoding, *encoding.overflowing] for encoding in encodings]
        rows = [row for each in windows for row in each]
        outputs = {head.start: (LENGTH,), head.end: (LENGTH,)}
        found = await self._model.infer(provider, graph, rows, outputs)
        spans = zip(rows, found[head.start], found[head.end], strict=True)
        return await asyncio.to_thread(_answers, contexts, list(map(len, windows)), spans)


def _answers(
    contexts: Sequence[str], windows: Sequence[int], spans: Iterable[tuple[Encoding, Array, Array]]
) -> list[Answer]:
    """Answers from the logits of all windows; `windows` counts those of each context."""
    found = (_best_span(*each) for each in spans)
    return [
        _answer(context, [span for span in islice(found, number) if span])
        for context, number in zip(contexts, windows, strict=True)
    ]


def _best_span(window: Encoding, starts: Array, ends: Array) -> _Span | None:
    """Most probable passage of a window's context, or None where the window has no context.

    Args:
        starts: logit of each token to be the answer's first, float32 `[tokens]`.
        ends: logit of each token to be its last.

    """
    inside = np.array([sequence == CONTEXT for sequence in window.sequence_ids])
    inside &= np.array([end > start for start, end in window.offsets])
    if not inside.any():
        return None
    outside = np.where(inside, np.float32(0), np.float32(-np.inf))
    padded = np.append(ends + outside, np.full(MAX_ANSWER_TOKENS - 1, -np.inf, np.float32))
    sums = (starts + outside)[:, None] + sliding_window_view(padded, MAX_ANSWER_TOKENS)
    first, length = np.unravel_index(sums.argmax(), sums.shape)
    last = first + length
    inside[0] = True  # the rival of all passages
    start, end = (softmax(np.where(inside, logits, -np.inf)) for logits in (starts, ends))
    return _Span(
        window=window,
        first=int(first),
        last=int(last),
        logit=float(sums[first, length]),
        score=float(start[first] * end[last]),
        null=float(starts[0] + ends[0]),
        null_score=float(start[0] * end[0]),
    )


def _answer(context: str, spans: Sequence[_Span]) -> Answer:
    """The best passage of all windows, unless it is less likely than none even where that is least likely."""
    if not spans:
        return Answer(None, 1.0)
    best = max(spans, key=lambda span: span.logit)
    closest = min(spans, key=lambda span: span.null)
    if closest.null > best.logit:
        return Answer(None, closest.null_score)
    start, _ = _word(best.window, best.first)
    _, end = _word(best.window, best.last)
    text = context[start:end]
    start += len(text) - len(text.lstrip())
    return Answer(text.strip(), best.score, start, start + len(text.strip()))


def _word(window: Encoding, token: int) -> tuple[int, int]:
    """Characters of the whole word that a token belongs to."""
    word = window.token_to_word(token)
    found: tuple[int, int] | None = None if word is None else window.word_to_chars(word, CONTEXT)
    return found or window.offsets[token]
