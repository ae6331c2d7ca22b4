"""`/v1/models`."""

from typing import Any

from litestar import Controller, Request, get
from litestar.di import NamedDependency

from control_plane.catalog import Key, ModelNotFoundError, Router
from gateway.apis.opengatellm.errors import responses
from gateway.apis.opengatellm.schemas.models import ModelBody, ModelList, ModelPath
from gateway.bearer import WRONG_SCHEME_IS_401
from gateway.parameters import documented_by, path_of
from gateway.serving.snapshots import Snapshots


class ModelsController(Controller):
    """What a caller can name as `model`."""

    path = "/models"
    tags = ("models",)
    opt = WRONG_SCHEME_IS_401
    dependencies = {"which": path_of(ModelPath)}  # noqa: RUF012

    @get(operation_id="get_models_of_caller", summary="List models", responses=responses())
    async def get_many(
        self, request: Request[Key, Key, Any], snapshots: NamedDependency[Snapshots]
    ) -> ModelList:
        """Every model that answers and that the caller's role may use."""
        usable = [router for router in snapshots.current.routers.values() if _usable(request.auth, router)]
        return ModelList(data=[ModelBody.of(each) for each in sorted(usable, key=lambda each: each.id)])

    @get(
        "/{model:path}",
        operation_id="get_model_of_caller",
        summary="Look at a model",
        operation_class=documented_by(path=ModelPath),
        responses=responses(ModelNotFoundError),
    )
    async def get_one(
        self,
        request: Request[Key, Key, Any],
        snapshots: NamedDependency[Snapshots],
        which: NamedDependency[ModelPath],
    ) -> ModelBody:
        """One model by its name or an alias."""
        catalog, name = snapshots.current, which.model
        router = catalog.find(request.auth.account_id, name)
        if router is None:
            within_tasks = (each for (_, alias), each in catalog.aliases.items() if alias == name)
            router = next(within_tasks, None)
        if router is None or not _usable(request.auth, router):
            raise ModelNotFoundError("Model not found.")
        return ModelBody.of(router)


def _usable(caller: Key, router: Router) -> bool:
    """Whether a caller has been given a router that somebody answers for."""
    if not router.providers or router.type is None:
        return False
    own = router.owner_id == caller.account_id
    if caller.is_root:
        return router.owner_id is None or own
    if router.owner_id is not None and not own:
        return False
    role = caller.principal.role
    if own or role is None:
        return True
    return any(limit != 0 for limit in role.limits.get(router.id, {}).values())
