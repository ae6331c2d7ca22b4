"""`/models`: the caller's own models, and the built-in ones in the list."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from litestar import Controller, Request, delete, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery

from control_plane.catalog import Key
from control_plane.db.errors import DatabaseUnavailableError
from control_plane.models.schemas import ModelSummary
from control_plane.models.service import ModelService
from control_plane.uploads.files import FileService
from converters.custom.layout import CONFIG, REQUIREMENTS, Loader
from gateway.addresses import PublicAddress
from gateway.apis.backprop.errors import ErrorBody, render_model
from gateway.apis.backprop.schemas import TASK_NAMES, ModelDetail, ModelItem, TaskName
from gateway.auth import ForbiddenError, StartingError
from gateway.body import BadRequestError
from gateway.catalog_feed import CatalogFeed
from gateway.errors import documented, handlers
from model_repository.manifest import Task

FAILURES = (BadRequestError, ForbiddenError, StartingError, DatabaseUnavailableError)
NOT_FOUND = ResponseSpec(str, description="No such model of yours.", generate_examples=False)


BUILT = "success"
"""What is called so answers at once: the gateway catches up with the database before it says so."""


class ModelsController(Controller):
    """Looking at models and deleting them."""

    tags = ("models",)
    path = "/models"
    exception_handlers = handlers(render_model)

    @get(
        operation_id="list_models",
        summary="List your models",
        responses=documented(ErrorBody, *FAILURES),
    )
    async def list_models(
        self,
        request: Request[Key, Key, Any],
        model_service: NamedDependency[ModelService],
        feed: NamedDependency[CatalogFeed],
        include_global: FromQuery[bool] = False,
    ) -> list[ModelItem]:
        """List your own models, and with `include_global` those that everybody may use."""
        found = await model_service.list(request.auth.account_id, include_global=include_global)
        if any(model.build_status == BUILT for model in found):
            await feed.try_refresh()
        own = [_own(model) for model in found if model.owner == request.auth.account_name]
        built_in = [model for model in found if model.owner != request.auth.account_name]
        return own + _built_in(built_in)

    @get(
        "/{model:str}",
        operation_id="get_model",
        summary="Look at one of your models",
        responses={**documented(ErrorBody, *FAILURES), 404: NOT_FOUND},
    )
    async def get_model(
        self,
        request: Request[Key, Key, Any],
        *,
        model_service: NamedDependency[ModelService],
        file_service: NamedDependency[FileService],
        address: NamedDependency[PublicAddress],
        feed: NamedDependency[CatalogFeed],
        model: FromPath[str],
    ) -> ModelDetail:
        """Tell all about a model. Built-in models cannot be queried."""
        found = await model_service.get(request.auth.account_id, model)
        if found.build_status == BUILT:
            await feed.try_refresh()
        files = await file_service.of(request.auth.account_id, model)
        folder = f"{address.of(request)}/files/{found.owner}/{found.name}"
        urls = {name: f"{folder}/{name}" for name in files.members} if files else {}
        return ModelDetail(
            id=f"model_{found.name}",
            name=found.name,
            description=found.description,
            tasks=_tasks(found.tasks),
            build_status=found.build_status,
            build_message=found.build_message,
            last_deployment=_timestamp(found.last_deployment),
            model_url=next((urls[loader] for loader in Loader if loader in urls), None),
            config_url=urls.get(CONFIG),
            requirements_url=urls.get(REQUIREMENTS),
        )

    @delete(
        "/{model:str}",
        status_code=200,
        operation_id="delete_model",
        summary="Delete one of your models",
        responses={**documented(ErrorBody, *FAILURES), 404: NOT_FOUND},
    )
    async def delete_model(
        self,
        request: Request[Key, Key, Any],
        model_service: NamedDependency[ModelService],
        feed: NamedDependency[CatalogFeed],
        model: FromPath[str],
    ) -> None:
        """Delete a model; a build that is going on is cancelled. The name answers 404 from now on."""
        await model_service.remove(request.auth.account_id, model)
        await feed.try_refresh()


def _own(model: ModelSummary) -> ModelItem:
    return ModelItem(
        id=f"model_{model.name}",
        name=model.name,
        description=model.description,
        tasks=_tasks(model.tasks),
        build_status=model.build_status,
        last_deployment=_timestamp(model.last_deployment),
    )


def _built_in(models: Iterable[ModelSummary]) -> list[ModelItem]:
    """One item a public name: an alias may stand for several models, each for a task of its own."""
    tasks: dict[str, list[Task]] = defaultdict(list)
    descriptions: dict[str, list[str]] = defaultdict(list)
    for model in models:
        if model.active_version is None:
            continue
        for task in filter(TASK_NAMES.__contains__, model.tasks):
            for name in model.aliases.get(task, (model.name,)):
                tasks[name].append(task)
                if model.description not in descriptions[name]:
                    descriptions[name].append(model.description)
    return [
        ModelItem(
            id=f"model_{name}", name=name, description=" ".join(descriptions[name]), tasks=_tasks(tasks[name])
        )
        for name in sorted(tasks)
    ]


def _tasks(tasks: Iterable[Task]) -> list[TaskName]:
    """This API's names of the tasks; those that it has no endpoint for are left out."""
    return [TASK_NAMES[task] for task in tasks if task in TASK_NAMES]


def _timestamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
