"""Models of their author's own code: how a call travels through Triton, and what the backend has to know.

A request is two strings, the task's name and the fields as JSON, and is answered by one string, a `Reply`.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec
import numpy as np

from model_repository.errors import InferenceError
from model_repository.manifest import Task, TensorSpec
from model_repository.settings import SandboxLimits
from model_repository.tensors import Array

TASK = "task"
PARAMS = "params"
REPLY = "reply"

INPUTS = tuple(TensorSpec(name=name, datatype="BYTES", shape=(1,)) for name in (TASK, PARAMS))
OUTPUTS = (TensorSpec(name=REPLY, datatype="BYTES", shape=(1,)),)

MODEL_FOLDER = "files"
"""The author's files, beside the settings."""

ENVIRONMENT_FOLDER = "environment"
"""The packages that they need; not there where they need none."""

TASK_STRINGS: dict[Task, str] = {
    Task.EMBEDDING: "text-vectorisation",
    Task.QUESTION_ANSWERING: "qa",
    Task.TEXT_CLASSIFICATION: "text-classification",
    Task.IMAGE_CLASSIFICATION: "image-classification",
    Task.IMAGE_EMBEDDING: "image-vectorisation",
    Task.IMAGE_TEXT_EMBEDDING: "image-text-vectorisation",
    Task.TEXT_GENERATION: "text-generation",
    Task.SUMMARISATION: "summarisation",
    Task.EMOTION: "emotion",
    Task.CUSTOM: "custom",
}
"""What a model is told that it is to do."""


class CustomSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`custom.json` in the version's folder, for the backend.

    Attributes:
        loader: `model.bin` or `inference.py`.
        python: version such as `3.11`, for which the packages were installed and the code was tried.

    """

    loader: str
    python: str
    limits: SandboxLimits


class Ending(StrEnum):
    """How a call went."""

    ANSWERED = "answered"
    RAISED = "raised"
    STOPPED = "stopped"


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came of a call.

    Attributes:
        result: JSON of what the model returned.
        error: why there is none: what the model raised, or why its sandbox was ended.

    """

    ending: Ending
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""


def call_tensors(task: Task, params: bytes) -> dict[str, Array]:
    """Inputs of a call; `params` is a JSON object."""
    values = {TASK: TASK_STRINGS[task].encode(), PARAMS: params}
    return {name: np.array([value], np.object_) for name, value in values.items()}


def read_reply(outputs: Mapping[str, Array]) -> Reply:
    """Reply in the outputs.

    Raises:
        InferenceError: there is none.

    """
    try:
        (data,) = outputs[REPLY].tolist()
        return msgspec.json.decode(data, type=Reply)
    except (KeyError, ValueError, TypeError, msgspec.MsgspecError) as error:
        raise InferenceError("the model answered with something unusable") from error


def disagreement(actual: Reply, expected: Reply) -> str | None:
    """Why an answer cannot be right, although models may draw theirs: none, or one of another JSON type."""
    if actual.ending is not Ending.ANSWERED:
        return actual.error
    found, right = (_json_type(reply.result) for reply in (actual, expected))
    return None if found == right else f"it returned {found}, and {right} when it was built"


def _json_type(value: msgspec.Raw) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(msgspec.json.decode(value)), "a number")
