"""Queries about models and versions that more than one place asks."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.accounts.tables import Account
from control_plane.builds.tables import UNFINISHED, Build, BuildStatus
from control_plane.models.schemas import BuildState, ModelSummary
from control_plane.models.tables import Model, Version, VersionState
from control_plane.routers.service import effective_aliases
from control_plane.routers.tables import Router
from model_repository.layout import GLOBAL_OWNER
from model_repository.manifest import Task


def owned_by(account_id: int | None) -> ColumnElement[bool]:
    """Live models of an account; None stands for the built-in ones."""
    owner = col(Model.owner_id)
    mine = owner.is_(None) if account_id is None else owner == account_id
    return mine & col(Model.deleted_at).is_(None)


async def version_in(session: AsyncSession, model_id: int, state: VersionState) -> Version | None:
    """The newest version of a model in a state, or None."""
    found = select(Version).where(Version.model_id == model_id, Version.state == state)
    return (await session.exec(found.order_by(col(Version.number).desc()).limit(1))).one_or_none()


async def previous_version(session: AsyncSession, model_id: int, number: int) -> Version | None:
    """The newest version before `number` that has served and whose files are kept, or None."""
    good = (VersionState.DRAINING, VersionState.RETIRED)
    found = select(Version).where(
        Version.model_id == model_id,
        Version.number < number,
        col(Version.state).in_(good),
        col(Version.published),
        col(Version.activated_at).is_not(None),
    )
    return (await session.exec(found.order_by(col(Version.number).desc()).limit(1))).one_or_none()


async def latest_builds(session: AsyncSession, model_ids: Iterable[int]) -> dict[int, Build]:
    """The newest build of each model, by model id."""
    newest = (
        select(func.max(col(Build.id)))
        .where(col(Build.model_id).in_(model_ids))
        .group_by(col(Build.model_id))
    )
    found = await session.exec(select(Build).where(col(Build.id).in_(newest)))
    return {build.model_id: build for build in found}


async def summaries(session: AsyncSession, which: ColumnElement[bool]) -> list[ModelSummary]:
    """What people see of the models that match."""
    query = (
        select(Model, Router.id, Account.name)
        .join(Router, col(Router.model_id) == Model.id)
        .outerjoin(Account, col(Model.owner_id) == Account.id)
        .where(which)
    )
    rows = (await session.exec(query)).all()
    ids = [model.id for model, *_ in rows if model.id is not None]
    builds = await latest_builds(session, ids)
    versions = await _versions(session, ids)
    aliases = await effective_aliases(session)
    return [
        _summary(
            model,
            account,
            _aliases_of(router_id, aliases),
            builds[model.id],
            versions[model.id],
        )
        for model, router_id, account in rows
        if model.id is not None
    ]


def _aliases_of(router_id: int | None, aliases: dict[tuple[Task, str], int]) -> dict[Task, tuple[str, ...]]:
    by_task: dict[Task, tuple[str, ...]] = {}
    for (task, name), leads_to in sorted(aliases.items()):
        if leads_to == router_id:
            by_task[task] = (*by_task.get(task, ()), name)
    return by_task


async def _versions(session: AsyncSession, model_ids: list[int]) -> dict[int, list[Version]]:
    found: dict[int, list[Version]] = {}
    query = select(Version).where(col(Version.model_id).in_(model_ids)).order_by(col(Version.number))
    for version in await session.exec(query):
        found.setdefault(version.model_id, []).append(version)
    return found


def _summary(
    model: Model,
    account: str | None,
    aliases: dict[Task, tuple[str, ...]],
    build: Build,
    versions: list[Version],
) -> ModelSummary:
    active = next((version for version in versions if version.state is VersionState.ACTIVE), None)
    deployments = [version.activated_at for version in versions if version.activated_at is not None]
    return ModelSummary(
        name=model.name,
        owner=account or GLOBAL_OWNER,
        description=model.description,
        tasks=model.tasks,
        aliases=aliases,
        build_status=_build_state(build),
        build_message=_build_message(build),
        last_deployment=max(deployments, default=None),
        active_version=active.number if active else None,
        source=(active or versions[-1]).source,
    )


def _build_state(build: Build) -> BuildState:
    if build.status in UNFINISHED:
        return "building"
    return "success" if build.status is BuildStatus.SUCCEEDED else "fail"


def _build_message(build: Build) -> str:
    """What is being done, or cause and hint of a failure."""
    return f"{build.message}: {build.hint}" if build.hint else build.message
