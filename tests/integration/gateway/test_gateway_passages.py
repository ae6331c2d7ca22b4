"""Extractive question answering and token classification through Triton, against transformers.

They are tested by their tasks: no endpoint of their own leads to a token classifier.
"""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import numpy as np
import pytest
import pytest_asyncio
import tiny_zoo
import torch
from prometheus_client import CollectorRegistry
from site_setup import Site
from tiny_zoo import TinyModel

from control_plane.catalog import Provider
from gateway.observability.tasks import TaskMetrics
from gateway.serving.errors import InputTooLongError
from gateway.serving.rows import RowRunner
from gateway.serving.tasks.question_answering import ExtractiveAnswerTask
from gateway.serving.tasks.text import TextModel
from gateway.serving.tasks.token_classification import TokenClassificationTask
from gateway.serving.tokenization import Tokenizers
from gateway.serving.triton import TritonPool

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

LONG = " ".join(tiny_zoo.SENTENCES * 6)
CONTEXTS = [*tiny_zoo.SENTENCES, LONG, "1971", "Elon Musk\n\n  was born \u4e2d\u6587 in   1971 ."]
QUESTIONS = [
    *["Where was he born?"] * 3,
    *["When?"] * 3,
    *["Who is in London, and when does the train leave?"] * 3,
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def model(site: Site, zoo: object) -> AsyncIterator[TextModel]:
    tokenizers = Tokenizers(threads=1, queue=8)
    for each in (tiny_zoo.spans(), tiny_zoo.entities()):
        manifest = provider(each).graphs[0]
        await tokenizers.load(manifest, each.graph.tokenizer.to_str().encode())
    pool = TritonPool([site.triton.url], timeout=30, in_flight=4)
    await pool.open()
    metrics = TaskMetrics(CollectorRegistry(), enabled=False)
    rows = RowRunner(
        pool,
        tokens_per_pack=256,
        pack_seconds=1,
        rows_waiting=1000,
        queue_seconds=30,
        overload_seconds=30,
        metrics=metrics,
    )
    yield TextModel(tokenizers, rows)
    await pool.close()
    tokenizers.close()


def provider(tiny: TinyModel) -> Provider:
    name = "spans" if tiny is tiny_zoo.spans() else "entities"
    return Provider(1, "triton", None, (tiny.graph.manifest("global", name, 1),))


def best_passages(question: str, context: str) -> tuple[float, float, set[str]]:
    """By brute force: logit of the best passage, of there being none, and the texts of the best ones."""
    tiny = tiny_zoo.spans()
    windows = tiny.tokenizer(
        question,
        context,
        truncation="only_second",
        max_length=tiny.graph.max_length,
        stride=tiny.graph.max_length // 8,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    spans = []
    nulls = []
    for number, ids in enumerate(windows["input_ids"]):
        features = {
            name: torch.tensor([windows[name][number]])
            for name in ("input_ids", "attention_mask", "token_type_ids")
        }
        with torch.no_grad():
            found = tiny.original(**features)
        start, end = found.start_logits[0].tolist(), found.end_logits[0].tolist()
        nulls.append(start[0] + end[0])
        inside = [token for token in range(len(ids)) if windows.sequence_ids(number)[token] == 1]
        for first in inside:
            for last in inside:
                if first <= last < first + 30:
                    word_first = windows[number].word_to_chars(windows[number].token_to_word(first), 1)
                    word_last = windows[number].word_to_chars(windows[number].token_to_word(last), 1)
                    spans.append((start[first] + end[last], context[word_first[0] : word_last[1]]))
    best = max(logit for logit, _ in spans)
    return best, min(nulls), {text for logit, text in spans if logit > best - 1e-4}


async def test_answers_are_the_best_passages(model: TextModel) -> None:
    task = ExtractiveAnswerTask(model)
    spans = provider(tiny_zoo.spans())
    together = await task.run(spans, QUESTIONS, CONTEXTS)
    answered = 0
    for question, context, answer in zip(QUESTIONS, CONTEXTS, together, strict=True):
        (alone,) = await task.run(spans, [question], [context])
        assert (alone.text, alone.start, alone.end) == (answer.text, answer.start, answer.end)
        assert alone.score == pytest.approx(answer.score, abs=1e-5)
        best, null, texts = best_passages(question, context)
        assert 0 <= answer.score <= 1
        if null > best:
            assert answer.text is None
        else:
            answered += 1
            assert answer.text in texts
            assert context[answer.start : answer.end] == answer.text
    assert answered


async def test_long_question_leaves_room_for_the_context(model: TextModel) -> None:
    task = ExtractiveAnswerTask(model)
    (answer,) = await task.run(provider(tiny_zoo.spans()), ["Where was he born? " * 500], [LONG])
    assert answer.text is None or answer.text in LONG


async def test_context_without_words_has_no_answer(model: TextModel) -> None:
    (answer,) = await ExtractiveAnswerTask(model).run(provider(tiny_zoo.spans()), ["Where?"], [" \n "])
    assert (answer.text, answer.score) == (None, 1.0)


async def test_endless_text_is_refused(model: TextModel) -> None:
    with pytest.raises(InputTooLongError, match="200001 characters"):
        await ExtractiveAnswerTask(model).run(provider(tiny_zoo.spans()), ["Where?"], ["x" * 200_001])


def word_labels(text: str) -> list[tuple[int, int, str, float]]:
    """Label of each word of a short text, by its first token."""
    tiny = tiny_zoo.entities()
    encoding = tiny.tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        probabilities = tiny.original(**encoding).logits[0].softmax(dim=-1).numpy()
    words = {}
    for token, word in enumerate(encoding.word_ids()):
        if word is not None and word not in words:
            best = int(np.argmax(probabilities[token]))
            start, end = encoding.word_to_chars(0, word)
            words[word] = (start, end, tiny_zoo.TAGS[best], float(probabilities[token, best]))
    return list(words.values())


def entities(text: str) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = []
    before = "O"
    for start, end, tag, _ in word_labels(text):
        label = tag.removeprefix("B-").removeprefix("I-")
        if tag == "O":
            pass
        elif tag.startswith("B-") or before.removeprefix("B-").removeprefix("I-") != label:
            found.append((label, start, end))
        else:
            found[-1] = (label, found[-1][1], end)
        before = tag
    return found


async def test_entities_of_short_texts(model: TextModel) -> None:
    task = TokenClassificationTask(model)
    texts = [*tiny_zoo.SENTENCES, "x", " "]
    found = await task.run(provider(tiny_zoo.entities()), texts)
    for text, own in zip(texts, found, strict=True):
        assert [(each.label, each.start, each.end) for each in own] == entities(text)
        assert [text[each.start : each.end] for each in own] == [each.text for each in own]
        assert all(0 < each.score <= 1 for each in own)
    assert any(found)


async def test_a_long_text_is_read_to_its_end_and_each_word_once(model: TextModel) -> None:
    (found,) = await TokenClassificationTask(model).run(provider(tiny_zoo.entities()), [LONG])
    assert found[-1].end > len(LONG) - 100
    for left, right in pairwise(found):
        assert left.end <= right.start


async def test_many_at_once_answer_like_one_by_one(model: TextModel) -> None:
    task = TokenClassificationTask(model)
    served = provider(tiny_zoo.entities())
    together = await asyncio.gather(*(task.run(served, [text]) for text in CONTEXTS * 3))
    for text, found in zip(CONTEXTS * 3, together, strict=True):
        (alone,) = await task.run(served, [text])
        assert [(each.label, each.text) for each in found[0]] == [(each.label, each.text) for each in alone]
