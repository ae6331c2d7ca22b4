"""What a caller of the OpenAI-compatible API means by the name of a model, and whether it may have it."""

from collections.abc import Mapping

from control_plane.catalog import Catalog, Key, ModelNotFoundError, Router
from control_plane.routers.kinds import RouterType
from gateway.serving.errors import WrongModelTypeError
from gateway.serving.metering.access import limits_for
from gateway.serving.providers.adapter import Operation
from model_repository.manifest import Task

TYPES: Mapping[Operation, frozenset[RouterType]] = {
    Operation.CHAT: frozenset({RouterType.TEXT_GENERATION, RouterType.IMAGE_TEXT_TO_TEXT}),
    Operation.COMPLETION: frozenset({RouterType.TEXT_GENERATION}),
    Operation.EMBEDDINGS: frozenset({RouterType.EMBEDDING}),
    Operation.RERANK: frozenset({RouterType.TEXT_CLASSIFICATION}),
    Operation.OCR: frozenset({RouterType.IMAGE_TO_TEXT}),
    Operation.TRANSCRIPTION: frozenset({RouterType.SPEECH_RECOGNITION}),
}
"""Routers that an operation is for."""

TASKS: Mapping[Operation, Task] = {
    Operation.CHAT: Task.TEXT_GENERATION,
    Operation.COMPLETION: Task.TEXT_GENERATION,
    Operation.EMBEDDINGS: Task.EMBEDDING,
    Operation.RERANK: Task.RERANK,
    Operation.OCR: Task.OCR,
    Operation.TRANSCRIPTION: Task.TRANSCRIPTION,
}
"""What a model of ours does for an operation."""


def granted(catalog: Catalog, caller: Key, name: str, task: Task | None = None) -> Router:
    """The router that a caller means by a name or alias.

    Args:
        task: that it is wanted for; a name may stand for several models, each for a task of its own.

    Raises:
        ModelNotFoundError: there is none, nobody answers for it, or the caller's role does not have it.
        ModelForbiddenError: the role has it in part only.

    """
    router = (
        catalog.routers.get((caller.account_id, name))
        or (catalog.aliases.get((task, name)) if task else None)
        or catalog.find(caller.account_id, name)
        or _within_tasks(catalog, name)
    )
    if router is None or not router.providers:
        raise _not_found()
    try:
        limits_for(caller, router)
    except ModelNotFoundError:
        raise _not_found() from None
    return router


def resolve(catalog: Catalog, caller: Key, name: str, operation: Operation) -> Router:
    """The router that a caller means by a name or alias, if it is of the right type.

    Raises:
        WrongModelTypeError: it is not.
        TriremeError: as `granted`.

    """
    router = granted(catalog, caller, name, TASKS[operation])
    if router.type not in TYPES[operation]:
        raise wrong_type()
    return router


def wrong_type() -> WrongModelTypeError:
    """The model does not do what it is asked for."""
    return WrongModelTypeError("Wrong model type.")


def _within_tasks(catalog: Catalog, name: str) -> Router | None:
    """A built-in router by a name that it has for one of its tasks."""
    return next((router for (_, alias), router in catalog.aliases.items() if alias == name), None)


def _not_found() -> ModelNotFoundError:
    return ModelNotFoundError("Model not found.")
