"""Calls of authors' own code as they travel, and what counts as the right kind of answer."""

import io
import json

import msgspec
import numpy as np
import pytest

from model_repository.custom import REPLY, Ending, Reply, call_tensors, disagreement, read_reply
from model_repository.errors import InferenceError
from model_repository.manifest import Task
from model_repository.sandbox.output import Quota


def answered(value: object) -> Reply:
    return Reply(ending=Ending.ANSWERED, result=msgspec.Raw(json.dumps(value).encode()))


def test_a_call_names_the_task_as_its_author_knows_it() -> None:
    tensors = call_tensors(Task.QUESTION_ANSWERING, b"{}")
    assert {name: array.tolist() for name, array in tensors.items()} == {"task": [b"qa"], "params": [b"{}"]}


def test_a_reply_survives_its_way() -> None:
    sent = answered({"a": [1.5, None]})
    assert read_reply({REPLY: np.array([msgspec.json.encode(sent)], np.object_)}) == sent


@pytest.mark.parametrize("data", [b"", b"null", b'{"ending": "won"}', b'{"ending": "raised", "more": 1}'])
def test_what_is_no_reply_is_an_error_of_the_model(data: bytes) -> None:
    with pytest.raises(InferenceError):
        read_reply({REPLY: np.array([data], np.object_)})
    with pytest.raises(InferenceError):
        read_reply({})


@pytest.mark.parametrize("value", [{}, [], "", 1, 1.5, True, None])
def test_answers_of_one_type_agree_and_of_another_do_not(value: object) -> None:
    assert disagreement(answered(value), answered(value)) is None
    other = "text" if not isinstance(value, str) else 3
    assert disagreement(answered(value), answered(other)) is not None


def test_a_failure_never_agrees() -> None:
    failed = Reply(ending=Ending.RAISED, error="ValueError: no")
    assert disagreement(failed, answered(1)) == "ValueError: no"


def test_a_quota_passes_on_so_much_and_says_that_it_ends() -> None:
    kept = io.BytesIO()
    quota = Quota(10, kept)
    for _ in range(3):
        quota(b"1234567")
    assert kept.getvalue().startswith(b"1234567123\n[")
    assert kept.getvalue().count(b"[") == 1
