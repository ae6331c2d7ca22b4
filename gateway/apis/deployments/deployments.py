"""`/deployments/{model}`: promote, divide the requests, copy them, roll back."""

from typing import Annotated, Any

from litestar import Controller, Request, delete, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter

from control_plane.catalog import Key, ModelNotFoundError, Permission
from control_plane.deployments.exposure import Exposure, Place
from control_plane.deployments.service import DeploymentService
from control_plane.errors import ConflictError, VersionNotFoundError
from gateway.apis.builds.builds import COMMON
from gateway.apis.builds.errors import Problem
from gateway.apis.builds.examples import answer
from gateway.apis.deployments.schemas import Deployment, Promotion, Shadow, Split, shown
from gateway.body import StrictJSON
from gateway.catalog_feed import CatalogFeed
from gateway.errors import documented
from gateway.openapi import request_body

ModelName = Annotated[
    str, PathParameter(max_length=128, pattern=r"^[^\x00]*$", description="Name of a model of yours.")
]

EXAMPLE = {
    "model": "reviews",
    "build": None,
    "versions": [
        {
            "version": 3,
            "state": "canary",
            "kept": True,
            "remark": "",
            "created_at": "2026-06-01T11:59:59Z",
            "activated_at": None,
            "share": 0.1,
            "max_error_share": 0.05,
            "max_p99_ms": 200.0,
            "figures": {
                "requests": 120,
                "failures": 1,
                "error_share": 0.0083,
                "p99_ms": 41.1,
                "differing": 0,
                "dropped": 0,
            },
        }
    ],
}
ANSWER = answer(Deployment, "The model's versions.", EXAMPLE)
LOOKED: dict[int, ResponseSpec] = {200: ANSWER, **documented(Problem, *COMMON, ModelNotFoundError)}
CHANGED: dict[int, ResponseSpec] = {
    200: ANSWER,
    **documented(Problem, *COMMON, ModelNotFoundError, VersionNotFoundError, ConflictError),
}

PROMOTION = request_body("A version", a_version={"version": 3})
SPLIT = request_body(
    "A canary", a_tenth={"version": 3, "share": 0.1, "max_error_share": 0.05, "max_p99_ms": 200}
)
SHADOW = request_body("A shadow", every_second_request={"version": 3, "share": 0.5})


class DeploymentsController(Controller):
    """The caller's own models; administrators may also change the built-in ones."""

    tags = ("deployments",)
    path = "/deployments/{model:str}"

    @get(
        operation_id="get_deployment",
        summary="The versions of a model",
        responses=LOOKED,
    )
    async def get_deployment(
        self,
        request: Request[Key, Key, Any],
        deployments: NamedDependency[DeploymentService],
        model: ModelName,
    ) -> Deployment:
        """Tell which versions there are, which of them take part in the traffic, and what they do there."""
        owner = await _owner(request.auth, deployments, model)
        return shown(model, await deployments.versions(owner, model))

    @post(
        "/promote",
        status_code=200,
        dto=StrictJSON[Promotion],
        return_dto=None,
        operation_id="promote_version",
        summary="Let a version answer all requests",
        responses=CHANGED,
    )
    async def promote(
        self,
        request: Request[Key, Key, Any],
        data: Annotated[Promotion, PROMOTION],
        deployments: NamedDependency[DeploymentService],
        feed: NamedDependency[CatalogFeed],
        model: ModelName,
    ) -> Deployment:
        """Put any version whose files are kept into service; the one before drains.

        A canary or a shadow is loaded already and takes over at once; another is loaded and proven first, by
        the build whose id is in the answer.
        """
        owner = await _owner(request.auth, deployments, model)
        build = await deployments.promote(owner, model, data.version)
        return await _changed(owner, deployments, feed, model, build)

    @post(
        "/rollback",
        status_code=200,
        operation_id="rollback_deployment",
        summary="Undo the newest change",
        responses=CHANGED,
    )
    async def rollback(
        self,
        request: Request[Key, Key, Any],
        deployments: NamedDependency[DeploymentService],
        feed: NamedDependency[CatalogFeed],
        model: ModelName,
    ) -> Deployment:
        """Withdraw the canary; without one, put the last good version before the active one into service."""
        owner = await _owner(request.auth, deployments, model)
        build = await deployments.rollback(owner, model)
        return await _changed(owner, deployments, feed, model, build)

    @put(
        "/split",
        dto=StrictJSON[Split],
        return_dto=None,
        operation_id="split_deployment",
        summary="Let a canary answer a share of the requests",
        responses=CHANGED,
    )
    async def split(
        self,
        request: Request[Key, Key, Any],
        data: Annotated[Split, SPLIT],
        deployments: NamedDependency[DeploymentService],
        feed: NamedDependency[CatalogFeed],
        model: ModelName,
    ) -> Deployment:
        """Divide the requests between the active version and another one.

        What the canary fails, the active version answers. The canary is sent back as soon as it has passed a
        limit, counted over the last minute and all gateways; `remark` then says why.
        """
        owner = await _owner(request.auth, deployments, model)
        exposure = Exposure(
            place=Place.CANARY,
            share=data.share,
            max_error_share=data.max_error_share,
            max_p99_ms=data.max_p99_ms,
            min_requests=data.min_requests,
        )
        build = await deployments.expose(owner, model, data.version, exposure)
        return await _changed(owner, deployments, feed, model, build)

    @delete(
        "/split",
        status_code=200,
        operation_id="end_split",
        summary="Withdraw the canary",
        responses=CHANGED,
    )
    async def end_split(
        self,
        request: Request[Key, Key, Any],
        deployments: NamedDependency[DeploymentService],
        feed: NamedDependency[CatalogFeed],
        model: ModelName,
    ) -> Deployment:
        """Let the active version answer all requests again."""
        owner = await _owner(request.auth, deployments, model)
        await deployments.withdraw(owner, model, Place.CANARY)
        return await _changed(owner, deployments, feed, model)

    @put(
        "/shadow",
        dto=StrictJSON[Shadow],
        return_dto=None,
        operation_id="shadow_deployment",
        summary="Send a version copies of the requests",
        responses=CHANGED,
    )
    async def shadow(
        self,
        request: Request[Key, Key, Any],
        data: Annotated[Shadow, SHADOW],
        deployments: NamedDependency[DeploymentService],
        feed: NamedDependency[CatalogFeed],
        model: ModelName,
    ) -> Deployment:
        """Try a version on real requests: copies are sent when their callers have been answered.

        `figures` count the copies and those that the version answered otherwise, numbers but for rounding.
        """
        owner = await _owner(request.auth, deployments, model)
        exposure = Exposure(place=Place.SHADOW, share=data.share)
        build = await deployments.expose(owner, model, data.version, exposure)
        return await _changed(owner, deployments, feed, model, build)

    @delete(
        "/shadow",
        status_code=200,
        operation_id="end_shadow",
        summary="Withdraw the shadow",
        responses=CHANGED,
    )
    async def end_shadow(
        self,
        request: Request[Key, Key, Any],
        deployments: NamedDependency[DeploymentService],
        feed: NamedDependency[CatalogFeed],
        model: ModelName,
    ) -> Deployment:
        """Send no more copies."""
        owner = await _owner(request.auth, deployments, model)
        await deployments.withdraw(owner, model, Place.SHADOW)
        return await _changed(owner, deployments, feed, model)


async def _changed(
    owner: int | None,
    deployments: DeploymentService,
    feed: CatalogFeed,
    model: str,
    build: int | None = None,
) -> Deployment:
    """The model's versions after a change, which this gateway knows of from here on.

    Args:
        build: id of the build that the change takes, if any.

    """
    await feed.try_refresh()
    return shown(model, await deployments.versions(owner, model), build)


async def _owner(key: Key, deployments: DeploymentService, model: str) -> int | None:
    """Whose model is meant: the caller's own, or for administrators the built-in one of that name."""
    if Permission.ADMIN not in key.permissions:
        return key.account_id
    try:
        await deployments.versions(key.account_id, model)
    except ModelNotFoundError:
        return None
    return key.account_id
