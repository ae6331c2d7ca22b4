"""Bodies of the Backprop API. The descriptions are also the rules that its error messages quote."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from model_repository.manifest import Task

MAX_TEXTS = 1024
"""Texts in one request: enough to keep a server busy, few enough to answer in one response."""

DEFAULT_EMBEDDING_MODEL = "english"

Text = Annotated[str, Meta(min_length=1)]
TaskName = Literal["text-vectorisation"]

TASK_NAMES: dict[Task, TaskName] = {Task.EMBEDDING: "text-vectorisation"}
"""What this API calls each task."""


class TextVectorisationBody(msgspec.Struct, frozen=True):
    """One text or a batch of texts; fields that are not listed are ignored."""

    text: Annotated[
        Text | Annotated[list[Text], Meta(min_length=1, max_length=MAX_TEXTS)],
        Meta(description=f"a string or a list of 1 to {MAX_TEXTS} strings, none of them empty"),
    ]
    model: Annotated[
        str | None,
        Meta(
            description=f"the name of a model, or empty or null for the default, `{DEFAULT_EMBEDDING_MODEL}`"
        ),
    ] = None


class TextVectorisationSingleResponse(msgspec.Struct, frozen=True):
    """The vector of a single text."""

    vector: list[float]


class TextVectorisationBatchResponse(msgspec.Struct, frozen=True):
    """The vectors of a batch, in the order of the texts."""

    vector: list[list[float]]


class ModelItem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A model in the list; the last two fields are hidden for built-in models.

    Attributes:
        last_deployment: UTC, `YYYY-MM-DDTHH:MM:SSZ`; null for a model that never built.

    """

    id: str
    name: str
    description: str
    tasks: list[TaskName]
    build_status: Literal["success", "building", "fail"] | msgspec.UnsetType = msgspec.UNSET
    last_deployment: str | msgspec.UnsetType | None = msgspec.UNSET


class ModelDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One of the caller's own models.

    Attributes:
        last_deployment: UTC, `YYYY-MM-DDTHH:MM:SSZ`; null for a model that never built.
        model_url: address of the uploaded model file; null for a model that was not uploaded.
        config_url: address of the uploaded configuration; null likewise.
        requirements_url: address of the uploaded requirements; null likewise.

    """

    id: str
    name: str
    description: str
    tasks: list[TaskName]
    build_status: Literal["success", "building", "fail"]
    build_message: str
    last_deployment: str | None
    model_url: str | None = None
    config_url: str | None = None
    requirements_url: str | None = None
