"""`POST /qa`."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import msgspec
from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from msgspec import Meta

from control_plane.catalog import Key
from gateway.apis.backprop.schemas import DEFAULT_MODEL, MODEL_RULE, Text
from gateway.apis.backprop.tasks import answers, respond
from gateway.apis.backprop.uploaded import or_uploaded
from gateway.batch import Batch, BatchJSON, Item
from gateway.body import BadRequestError
from gateway.openapi import request_body
from gateway.serving.engine import Engine
from gateway.serving.tasks.prompted import Turn
from model_repository.manifest import Task

UNKNOWN = "unknown"
"""The answer of a context that has none."""

MAX_TURNS = 64

Turns = Annotated[list[str], Meta(max_length=MAX_TURNS)]
History = Annotated[list[str | Turns], Meta(max_length=1024)]
HISTORY_RULE = f"a list of up to {MAX_TURNS} strings, in a batch a list of such lists, or empty or null"


class QASingle(Item, frozen=True, kw_only=True):
    """A single question; fields that are not listed are ignored."""

    per_item: ClassVar[tuple[str, ...]] = ("question", "context")

    question: Annotated[Text, Meta(description="a string, not empty")]
    context: Annotated[Text, Meta(description="a string, not empty")]
    prev_q: Annotated[History | None, Meta(description=HISTORY_RULE)] = None
    prev_a: Annotated[History | None, Meta(description=HISTORY_RULE)] = None
    model: Annotated[str | None, Meta(description=f"{MODEL_RULE}, `{DEFAULT_MODEL}`")] = None


class QASingleResponse(msgspec.Struct, frozen=True):
    """The answer to a single question."""

    answer: str


class QABatchResponse(msgspec.Struct, frozen=True):
    """The answers to a batch, in its order."""

    answer: list[str]


REQUEST = request_body(
    "One question or a batch",
    a_single_question={
        "question": "What is the meaning of life?",
        "context": "The meaning of life is 42.",
        "prev_q": ["What is not the meaning of life?"],
        "prev_a": ["unknown"],
        "model": "english",
    },
    a_batch={
        "question": ["What is the meaning of life?", "And of death?"],
        "context": ["The meaning of life is 42.", "The meaning of life is 42."],
        "prev_q": [["What is not the meaning of life?"], []],
        "prev_a": [["unknown"], []],
    },
)
ANSWERS = answers(
    QASingleResponse | QABatchResponse,
    f"The answer, `{UNKNOWN}` where the context has none; one a question.",
    a_single_question={"answer": "42"},
    a_batch={"answer": ["42", UNKNOWN]},
)


class QAController(Controller):
    """Questions to answers."""

    tags = ("tasks",)

    @post(
        "/qa",
        status_code=200,
        dto=BatchJSON[QASingle],
        return_dto=None,
        operation_id="qa",
        summary="Answer a question or a list of questions from their contexts",
        responses=ANSWERS,
    )
    @or_uploaded(Task.QUESTION_ANSWERING, "answer")
    async def answer(
        self,
        request: Request[Key, Key, Any],
        data: Annotated[Batch[QASingle], REQUEST],
        engine: NamedDependency[Engine],
    ) -> Response[bytes]:
        """Answer from the context alone.

        `prev_q` and `prev_a` are the conversation so far, oldest first. The answer is always the same to the
        same question. A context that is longer than the model takes is cut, or read in parts.
        """
        found = await engine.answer(
            request.auth,
            data.shared.model or DEFAULT_MODEL,
            [item.question for item in data.items],
            [item.context for item in data.items],
            histories(data),
        )
        return respond(answer=data.shaped([UNKNOWN if each is None else each for each in found]))


def histories(data: Batch[QASingle]) -> list[list[Turn]]:
    """The conversation before each question.

    Raises:
        BadRequestError: questions and answers do not fit together, or do not fit the questions asked.

    """
    questions, replies = (_columns(data, field) for field in ("prev_q", "prev_a"))
    found = []
    for earlier, answered in zip(questions, replies, strict=True):
        if len(earlier) != len(answered):
            raise BadRequestError(
                "`prev_a` must have an answer to each question in `prev_q`: "
                f"{len(answered)} instead of {len(earlier)}"
            )
        found.append(list(zip(earlier, answered, strict=True)))
    return found


def _columns(data: Batch[QASingle], field: str) -> Sequence[Sequence[str]]:
    """One list of strings a question; a client that has no history sends one empty list for all."""
    given: list[str | list[str]] = getattr(data.shared, field) or []
    flat = [each for each in given if isinstance(each, str)]
    nested = [each for each in given if not isinstance(each, str)]
    if flat and nested:
        raise BadRequestError(f"`{field}` must be {HISTORY_RULE}: it mixes strings and lists")
    if data.single:
        return [nested[0] if nested else flat]
    if flat:
        raise BadRequestError(f"`{field}` must hold a list for each question of a batch, not strings")
    if not nested:
        return [[] for _ in data.items]
    if len(nested) != len(data.items):
        raise BadRequestError(
            f"`{field}` must have as many items as `question`: {len(nested)} instead of {len(data.items)}"
        )
    return nested
