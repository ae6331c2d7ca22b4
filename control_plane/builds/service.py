"""Builds as people handle them: look, cancel, retry."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from control_plane.builds.queries import BUILDS, build_summaries
from control_plane.builds.schemas import BuildSummary
from control_plane.builds.tables import UNFINISHED, Build, BuildKind, BuildStatus
from control_plane.db.engine import Database
from control_plane.db.types import utc_now
from control_plane.errors import BuildNotFoundError, ConflictError
from control_plane.models.tables import Model, Version, VersionState
from control_plane.routers.service import touch_unless_served
from model_repository.manifest import Manifest


class BuildService:
    """Reads, cancels and repeats builds.

    `owner_id` is the account whose builds alone are there; None stands for everybody's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, build_id: int, *, owner_id: int | None = None) -> BuildSummary:
        """One build with its stages.

        Raises:
            BuildNotFoundError: no such build.

        """
        query = _owned(owner_id).where(Build.id == build_id)
        async with self._database.reading() as session:
            found = await build_summaries(session, (await session.exec(query)).all())
        if not found:
            raise _not_found(build_id)
        return found[0]

    async def list(
        self,
        *,
        owner_id: int | None = None,
        model: str | None = None,
        status: BuildStatus | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[BuildSummary]:
        """The newest builds, newest first.

        Args:
            model: only builds of models of this name.
            status: only builds in this state.
            before: only builds older than the one of this id.

        """
        query = _owned(owner_id).limit(limit)
        if model is not None:
            query = query.where(col(Model.name) == model)
        if status is not None:
            query = query.where(col(Build.status) == status)
        if before is not None:
            query = query.where(col(Build.id) < before)
        async with self._database.reading() as session:
            return await build_summaries(session, (await session.exec(query)).all())

    async def latest(self, account_id: int | None, model: str) -> BuildSummary | None:
        """The newest build of a model (`account_id` None: a built-in one), or None where there is none."""
        owned = Model.owner_id == account_id if account_id is not None else col(Model.owner_id).is_(None)
        query = BUILDS.where(owned, Model.name == model, col(Model.deleted_at).is_(None)).limit(1)
        async with self._database.reading() as session:
            found = await build_summaries(session, (await session.exec(query)).all())
        return found[0] if found else None

    async def manifests(self, build_id: int) -> tuple[Manifest, ...]:
        """Of the entries that a build has published, with their reports; none before that.

        Raises:
            BuildNotFoundError: no such build.

        """
        query = select(Version).join(Build).where(Build.id == build_id)
        async with self._database.reading() as session:
            version = (await session.exec(query)).one_or_none()
        if version is None:
            raise _not_found(build_id)
        return version.manifests or ()

    async def cancel(self, build_id: int) -> None:
        """End a build: at once if it waits, within moments if it runs; nothing happens to a finished one.

        Raises:
            BuildNotFoundError: no such build.

        """
        async with self._database.session() as session:
            build = await _locked(session, build_id)
            await cancel_build(session, build, "cancelled")
            await touch_unless_served(session, build.model_id)

    async def retry(self, build_id: int) -> None:
        """Queue a build again that failed or was cancelled; stages whose results are kept are not run again.

        Other builds of the model are cancelled, as the newest request is what its owner wants.

        Raises:
            BuildNotFoundError: no such build.
            ConflictError: it has not failed, its model is gone, or what it left is still being removed.

        """
        async with self._database.session() as session:
            build = await _locked(session, build_id)
            version = await session.get_one(Version, build.version_id)
            _check_repeatable(build, version, await session.get_one(Model, build.model_id))
            await cancel_builds_of(session, build.model_id, "superseded by a retry")
            again = build.kind is BuildKind.ACTIVATE
            version.state = VersionState.LOADING if again else VersionState.BUILDING
            build.status, build.message, build.hint = BuildStatus.QUEUED, "", ""
            build.losses, build.cancel_requested = 0, False
            build.not_before = build.finished_at = None
            await touch_unless_served(session, build.model_id)


async def cancel_build(session: AsyncSession, build: Build, reason: str) -> None:
    """Cancel within a transaction; a running build is ended by the worker that has it."""
    if build.status is BuildStatus.RUNNING:
        build.cancel_requested, build.message = True, reason
    elif build.status is BuildStatus.QUEUED:
        build.status, build.message, build.finished_at = BuildStatus.CANCELLED, reason, utc_now()
        version = await session.get(Version, build.version_id)
        if version is not None and version.state in (VersionState.BUILDING, VersionState.LOADING):
            version.state = VersionState.RETIRED if build.kind is BuildKind.ACTIVATE else VersionState.FAILED


async def cancel_builds_of(session: AsyncSession, model_id: int, reason: str) -> None:
    """Cancel all unfinished builds of a model."""
    unfinished = select(Build).where(Build.model_id == model_id, col(Build.status).in_(UNFINISHED))
    for build in (await session.exec(unfinished.with_for_update())).all():
        await cancel_build(session, build, reason)


async def _locked(session: AsyncSession, build_id: int) -> Build:
    build = await session.get(Build, build_id, with_for_update=True)
    if build is None:
        raise _not_found(build_id)
    return build


def _check_repeatable(build: Build, version: Version, model: Model) -> None:
    if build.status not in (BuildStatus.FAILED, BuildStatus.CANCELLED):
        raise ConflictError(
            f"build {build.id} is {build.status}", hint="Only failed and cancelled builds can be retried."
        )
    if model.deleted_at is not None:
        raise ConflictError(f"the model of build {build.id} has been removed")
    if build.kind is BuildKind.ACTIVATE and not version.published:
        raise ConflictError(f"the files of version {version.number} are no longer kept")
    if version.state not in (VersionState.FAILED, VersionState.RETIRED):
        raise ConflictError(f"version {version.number} is {version.state}")
    if build.kind is not BuildKind.ACTIVATE and version.published:
        raise ConflictError(
            f"what build {build.id} left is still being removed", hint="Try again in a few seconds."
        )


def _owned(owner_id: int | None) -> Select[Build, str, str, int]:
    return BUILDS if owner_id is None else BUILDS.where(col(Model.owner_id) == owner_id)


def _not_found(build_id: int) -> BuildNotFoundError:
    return BuildNotFoundError(f"build {build_id} not found")
