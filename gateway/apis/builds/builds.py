"""`/builds`: list, look, cancel, retry, the parity report."""

from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from control_plane.builds.service import BuildService
from control_plane.builds.tables import BuildStatus
from control_plane.catalog import Key
from control_plane.errors import BuildNotFoundError, ConflictError, ReportNotFoundError
from gateway.apis.builds.access import visible_owner
from gateway.apis.builds.errors import Problem
from gateway.apis.builds.examples import BUILD, PAGE, PARITY, answer
from gateway.apis.builds.schemas import Build, BuildPage, BuildParity, shown, shown_parity
from gateway.auth import ForbiddenError, StartingError
from gateway.body import BadRequestError
from gateway.catalog_feed import CatalogFeed
from gateway.errors import documented

LARGEST_ID = 2**31 - 1
"""That a database column holds."""

BuildId = Annotated[int, PathParameter(ge=1, le=LARGEST_ID, description="Number of a build.")]

COMMON = (BadRequestError, ForbiddenError, StartingError)


class BuildsController(Controller):
    """The caller's own builds; administrators see everybody's."""

    tags = ("builds",)
    path = "/builds"

    @get(
        operation_id="list_builds",
        summary="List builds",
        responses={
            200: answer(BuildPage, "Builds, newest first.", PAGE),
            **documented(Problem, *COMMON),
        },
    )
    async def list_builds(
        self,
        request: Request[Key, Key, Any],
        *,
        build_service: NamedDependency[BuildService],
        model: Annotated[
            str | None,
            QueryParameter(max_length=128, pattern=r"^[^\x00]*$", description="Only of this model."),
        ] = None,
        status: Annotated[BuildStatus | None, QueryParameter(description="Only in this state.")] = None,
        before: Annotated[
            int | None, QueryParameter(ge=1, le=LARGEST_ID, description="Only older than this one.")
        ] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=100, description="Most builds of the answer.")] = 20,
    ) -> BuildPage:
        """List builds, newest first, a page at a time."""
        found = await build_service.list(
            owner_id=visible_owner(request.auth), model=model, status=status, before=before, limit=limit + 1
        )
        more = len(found) > limit
        return BuildPage([shown(build) for build in found[:limit]], found[limit - 1].id if more else None)

    @get(
        "/{build_id:str}",
        operation_id="get_build",
        summary="Look at a build",
        responses={
            200: answer(Build, "The build with its stages.", BUILD),
            **documented(Problem, *COMMON, BuildNotFoundError),
        },
    )
    async def get_build(
        self,
        request: Request[Key, Key, Any],
        build_service: NamedDependency[BuildService],
        feed: NamedDependency[CatalogFeed],
        build_id: BuildId,
    ) -> Build:
        """Tell how far a build is, stage by stage, or why it failed and what to do about it.

        The version of one that has succeeded answers.
        """
        build = await build_service.get(build_id, owner_id=visible_owner(request.auth))
        if build.status is BuildStatus.SUCCEEDED:
            await feed.try_refresh()
        return shown(build)

    @post(
        "/{build_id:str}/cancel",
        status_code=200,
        operation_id="cancel_build",
        summary="Cancel a build",
        responses={
            200: answer(Build, "The build; one that runs ends within moments.", BUILD),
            **documented(Problem, *COMMON, BuildNotFoundError),
        },
    )
    async def cancel_build(
        self,
        request: Request[Key, Key, Any],
        build_service: NamedDependency[BuildService],
        build_id: BuildId,
    ) -> Build:
        """End a build; nothing happens to a finished one. The version that serves is not touched."""
        owner_id = visible_owner(request.auth)
        await build_service.get(build_id, owner_id=owner_id)
        await build_service.cancel(build_id)
        return shown(await build_service.get(build_id, owner_id=owner_id))

    @post(
        "/{build_id:str}/retry",
        status_code=200,
        operation_id="retry_build",
        summary="Try a build again",
        responses={
            200: answer(Build, "The build, queued again.", BUILD),
            **documented(Problem, *COMMON, BuildNotFoundError, ConflictError),
        },
    )
    async def retry_build(
        self,
        request: Request[Key, Key, Any],
        build_service: NamedDependency[BuildService],
        build_id: BuildId,
    ) -> Build:
        """Queue a failed or cancelled build again; it goes on behind the last stage that is kept."""
        owner_id = visible_owner(request.auth)
        await build_service.get(build_id, owner_id=owner_id)
        await build_service.retry(build_id)
        return shown(await build_service.get(build_id, owner_id=owner_id))

    @get(
        "/{build_id:str}/parity",
        operation_id="get_build_parity",
        summary="The parity report of a build",
        responses={
            200: answer(BuildParity, "One report for each graph of the version.", PARITY),
            **documented(Problem, *COMMON, BuildNotFoundError, ReportNotFoundError),
        },
    )
    async def get_parity(
        self,
        request: Request[Key, Key, Any],
        build_service: NamedDependency[BuildService],
        build_id: BuildId,
    ) -> BuildParity:
        """Tell how far the converted model is from the original, and which engines were tried."""
        build = await build_service.get(build_id, owner_id=visible_owner(request.auth))
        manifests = await build_service.manifests(build_id)
        if not manifests:
            raise ReportNotFoundError(f"build {build_id} has no parity report")
        entries = [shown_parity(manifest) for manifest in manifests]
        return BuildParity(build.id, build.model, build.version, entries)
