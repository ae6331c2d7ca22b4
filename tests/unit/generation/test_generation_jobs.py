"""The bounded queue between Triton's thread and the engine's."""

from collections.abc import Sequence
from threading import Thread

import pytest

from model_repository.backends.generation.inbox import Inbox, QueueFullError
from model_repository.backends.generation.job import Failure, Job
from model_repository.generation import FinishReason, SamplingParameters


class Recorded:
    cancelled = False

    def __init__(self) -> None:
        self.sent: list[tuple[list[int], int, str, bool]] = []
        self.failures: list[Failure] = []

    def send(
        self, tokens: Sequence[int], index: int, reason: FinishReason, *, last: bool, **_: object
    ) -> None:
        self.sent.append((list(tokens), index, reason, last))

    def fail(self, _message: str, failure: Failure) -> None:
        self.failures.append(failure)


def job(answers: int = 1) -> Job:
    parameters = SamplingParameters(max_new_tokens=5, do_sample=True, num_return_sequences=answers)
    return Job([1], parameters, Recorded())


def everything(*_: object) -> bool:
    return True


def test_only_the_last_chunk_of_all_answers_is_final() -> None:
    reply = Recorded()
    two = Job([1], SamplingParameters(max_new_tokens=5, do_sample=True, num_return_sequences=2), reply)
    two.send([7], index=0)
    two.send([], index=1, reason=FinishReason.STOP)
    assert not two.done
    two.send([8], index=0, reason=FinishReason.LENGTH)
    assert two.done
    assert [last for *_, last in reply.sent] == [False, False, True]


def test_tokens_wait_for_a_full_response_or_the_end() -> None:
    reply = Recorded()
    gathered = Job([1], SamplingParameters(max_new_tokens=5, stream_interval=3), reply)
    for token in (5, 6, 7, 8):
        gathered.send([token])
    gathered.send([9], reason=FinishReason.LENGTH)
    assert [tokens for tokens, *_ in reply.sent] == [[5, 6, 7], [8, 9]]


def test_jobs_count_until_they_are_released() -> None:
    inbox = Inbox(2)
    inbox.put(job())
    inbox.put(job())
    with pytest.raises(QueueFullError):
        inbox.put(job())
    assert len(inbox.take(everything, wait=True) or []) == 2
    with pytest.raises(QueueFullError):
        inbox.put(job())
    inbox.release(1)
    inbox.put(job())


def test_jobs_that_do_not_fit_keep_their_place() -> None:
    inbox = Inbox(9)
    first, second, third = job(1), job(2), job(1)
    for each in (first, second, third):
        inbox.put(each)

    def alike(one: Job, chosen: list[Job]) -> bool:
        return not chosen or one.parameters == chosen[0].parameters

    assert inbox.take(alike, wait=True) == [first, third]
    assert inbox.take(alike, wait=True) == [second]
    assert inbox.take(alike, wait=False) == []


def test_closing_wakes_the_engine_and_gives_back_what_waits() -> None:
    inbox = Inbox(9)
    taken: list[object] = []
    engine = Thread(target=lambda: taken.append(inbox.take(everything, wait=True)))
    engine.start()
    assert inbox.close() == []
    engine.join(10)
    assert taken == [None]
    with pytest.raises(QueueFullError):
        inbox.put(job())
