"""Vocabulary of the Backprop API: its names, bounds and the types that its bodies share.

The descriptions are also the rules that error messages quote.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from model_repository.manifest import Task

MAX_LABELS = 256
"""Labels for one text or image: each costs a run of the model, or of its text tower."""

MAX_IMAGES = 128
"""Images in one request."""

DEFAULT_MODEL = "english"
DEFAULT_IMAGE_MODEL = "clip"
"""Of the tasks whose result is an image's vector."""

MODEL_RULE = "the name of a model, or empty or null for the default"
LABELS_RULE = (
    f"a list of 1 to {MAX_LABELS} strings, none of them empty; null only for models with labels of their own"
)
TOP_K_RULE = "a whole number, of how many of the most probable labels to keep, or 0 or null for all"

Text = Annotated[str, Meta(min_length=1)]

Labels = Annotated[list[Text], Meta(min_length=1, max_length=MAX_LABELS)]

WholeNumber = (
    Annotated[int, Meta(ge=0, le=1_000_000)] | Annotated[float, Meta(ge=0, le=1_000_000, multiple_of=1)]
)
"""An integer, which an older client writes as `0.0`."""

TaskName = Literal[
    "text-vectorisation",
    "text-classification",
    "qa",
    "image-vectorisation",
    "image-classification",
    "text-generation",
    "summarisation",
    "emotion",
    "image-text-vectorisation",
    "custom",
]

TASK_NAMES: dict[Task, TaskName] = {
    Task.EMBEDDING: "text-vectorisation",
    Task.TEXT_CLASSIFICATION: "text-classification",
    Task.QUESTION_ANSWERING: "qa",
    Task.IMAGE_EMBEDDING: "image-vectorisation",
    Task.IMAGE_CLASSIFICATION: "image-classification",
    Task.TEXT_GENERATION: "text-generation",
    Task.SUMMARISATION: "summarisation",
    Task.EMOTION: "emotion",
    Task.IMAGE_TEXT_EMBEDDING: "image-text-vectorisation",
    Task.CUSTOM: "custom",
}
"""What this API calls each task; it has no endpoint for the others."""


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
