"""Models as callers handle them: add, look, roll back, remove."""

from sqlalchemy import func, or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.accounts.service import find_account
from control_plane.builds.service import cancel_builds_of
from control_plane.builds.tables import UNFINISHED, Build, BuildKind
from control_plane.catalog import ModelNotFoundError
from control_plane.db.engine import Database
from control_plane.db.generation import touch_catalog
from control_plane.deployments.exposure import EXCLUSIVE, Exposure
from control_plane.errors import ConflictError
from control_plane.models import validation
from control_plane.models.queries import latest_builds, owned_by, previous_version, summaries, version_in
from control_plane.models.removal import remove_models
from control_plane.models.schemas import ModelSummary, NewModel, VersionSummary
from control_plane.models.tables import Model, Version, VersionState
from control_plane.routers.kinds import type_of
from control_plane.routers.names import claim_name
from control_plane.routers.service import declare_aliases, router_of, touch_unless_served
from control_plane.routers.tables import Router
from model_repository.manifest import Engine


class ModelService:
    """The rules of models; `account_id` None stands for the built-in ones throughout."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, account_id: int | None, name: str) -> ModelSummary:
        """One model.

        Raises:
            ModelNotFoundError: no such model, or another account's.

        """
        async with self._database.reading() as session:
            found = await summaries(session, owned_by(account_id) & (col(Model.name) == name))
        if not found:
            raise ModelNotFoundError(f"model {name} not found")
        return found[0]

    async def versions(self, account_id: int | None, name: str) -> list[VersionSummary]:
        """All versions of a model, newest first.

        Raises:
            ModelNotFoundError: no such model, or another account's.

        """
        async with self._database.reading() as session:
            model = await find_model(session, account_id, name, lock=False)
            rows = await session.exec(
                select(Version).where(Version.model_id == model.id).order_by(col(Version.number).desc())
            )
            return [
                VersionSummary(
                    number=row.number,
                    state=row.state,
                    source=row.source,
                    created_at=row.created_at,
                    activated_at=row.activated_at,
                    manifests=row.manifests or (),
                )
                for row in rows
            ]

    async def add(self, new: NewModel) -> int:
        """Queue the conversion of a new model, or of a new version where the name exists already.

        A build of the same model that has not ended is cancelled: the newest request is what its owner wants.

        Returns:
            the build's id.

        Raises:
            InvalidNameError: the name or an alias may not be.
            InvalidRequestError: the source, the digest or the aliases are malformed.
            AccountNotFoundError: no account of the owner's name.
            ConflictError: somebody else adds the same name at this moment.

        """
        validation.check(new)
        try:
            async with self._database.session() as session:
                return await add_model(session, new)
        except IntegrityError as error:
            raise ConflictError(f"model {new.name} is being added by another request") from error

    async def rebuild(self, account_id: int | None, name: str) -> int:
        """Queue a new version from the source of the one in service, or else of the newest.

        Engines may be tied to one version of a library and one kind of GPU; an upgrade asks for new ones.

        Returns:
            the build's id.

        Raises:
            ModelNotFoundError: no such model, or another account's.

        """
        async with self._database.session() as session:
            model = await find_model(session, account_id, name)
            assert model.id is not None
            newest = select(Version).where(Version.model_id == model.id).order_by(col(Version.number).desc())
            origin = await version_in(session, model.id, VersionState.ACTIVE)
            origin = origin or (await session.exec(newest.limit(1))).one()
            await cancel_builds_of(session, model.id, "superseded by a rebuild")
            await touch_unless_served(session, model.id)
            return await _convert(session, model, origin)

    async def tune(self, account_id: int | None, name: str) -> int:
        """Queue the choice of an engine anew for the version in service.

        All candidates are made, measured and judged again where builds run. A better one than the present
        becomes a new version; else the present one stays, and the build's message says so.

        Returns:
            the build's id.

        Raises:
            ModelNotFoundError: no such model, or another account's.
            ConflictError: nothing serves yet, a build is under way, or there is nothing to choose among.

        """
        async with self._database.session() as session:
            model = await find_model(session, account_id, name)
            assert model.id is not None
            origin = await version_in(session, model.id, VersionState.ACTIVE)
            if origin is None:
                raise ConflictError(f"model {name} has no version in service yet")
            if (await latest_builds(session, [model.id]))[model.id].status in UNFINISHED:
                raise ConflictError(f"a build of model {name} is under way", hint="Wait for its end.")
            if all(each.engine.engine is Engine.CUSTOM for each in origin.manifests or ()):
                raise ConflictError(f"model {name} is code of its author's own; no other engine runs it")
            return await _convert(session, model, origin, kind=BuildKind.TUNE)

    async def rollback(self, account_id: int | None, name: str) -> int:
        """Queue the loading of the last good version before the active one.

        Returns:
            the build's id.

        Raises:
            ModelNotFoundError: no such model, or another account's.
            ConflictError: there is no earlier version whose files are kept.

        """
        async with self._database.session() as session:
            model = await find_model(session, account_id, name)
            assert model.id is not None
            active = await version_in(session, model.id, VersionState.ACTIVE)
            version = await previous_version(session, model.id, active.number) if active else None
            if version is None or version.id is None:
                raise ConflictError(f"model {name} has no earlier version to roll back to")
            await cancel_builds_of(session, model.id, "superseded by a rollback")
            version.state, version.drain_generation = VersionState.LOADING, None
            return await enqueue(
                session, Build(model_id=model.id, version_id=version.id, kind=BuildKind.ACTIVATE)
            )

    async def remove(self, account_id: int | None, name: str) -> None:
        """Take a model away: gone for callers at once, from Triton and the disk when its requests have ended.

        Raises:
            ModelNotFoundError: no such model, or another account's.

        """
        async with self._database.session() as session:
            model = await find_model(session, account_id, name)
            await remove_models(session, [model])

    async def list(self, account_id: int | None, *, include_global: bool) -> list[ModelSummary]:
        """Models of an account by name, and the built-in ones if wanted."""
        owners = {account_id, None} if include_global else {account_id}
        async with self._database.reading() as session:
            found = await summaries(session, or_(*map(owned_by, owners)))
        return sorted(found, key=lambda model: (model.name, model.owner))


async def find_model(session: AsyncSession, account_id: int | None, name: str, *, lock: bool = True) -> Model:
    """The live model of that name, locked or not.

    Raises:
        ModelNotFoundError: no such model, or another account's.

    """
    found = select(Model).where(owned_by(account_id), Model.name == name)
    model = (await session.exec(found.with_for_update() if lock else found)).one_or_none()
    if model is None:
        raise ModelNotFoundError(f"model {name} not found")
    return model


async def add_model(session: AsyncSession, new: NewModel) -> int:
    """`ModelService.add` within a transaction."""
    owner_id = await find_account(session, new.owner) if new.owner is not None else None
    model, router = await _ensure(session, owner_id, new.name)
    assert model.id is not None
    assert router.id is not None
    model.description = new.description or model.description
    if await version_in(session, model.id, VersionState.ACTIVE) is None:
        model.tasks = router.tasks = new.tasks
        router.type = type_of(new.tasks)
    await cancel_builds_of(session, model.id, "superseded by a newer version")
    build = await _convert(session, model, new, exposure=new.exposure, patient=new.patient)
    if new.aliases:
        await declare_aliases(session, router.id, new.aliases)
        await touch_catalog(session)
    else:
        await touch_unless_served(session, model.id)
    return build


async def _convert(
    session: AsyncSession,
    model: Model,
    origin: NewModel | Version,
    *,
    kind: BuildKind = BuildKind.CONVERT,
    exposure: Exposure = EXCLUSIVE,
    patient: bool = False,
) -> int:
    """Queue the conversion of a new version, made from the same as `origin`."""
    assert model.id is not None
    version = Version(
        model_id=model.id,
        number=await _next_number(session, model.owner_id, model.name),
        state=VersionState.BUILDING,
        source=origin.source,
        sha256=origin.sha256,
        tasks=origin.tasks,
        targets=origin.targets,
        resources=origin.resources,
    )
    session.add(version)
    await session.flush()
    assert version.id is not None
    build = Build(
        model_id=model.id,
        version_id=version.id,
        kind=kind,
        exposure=exposure,
        patient=patient,
    )
    return await enqueue(session, build)


async def _ensure(session: AsyncSession, owner_id: int | None, name: str) -> tuple[Model, Router]:
    """The live model of that name with its router, made if there is none."""
    known = select(Model).where(owned_by(owner_id), Model.name == name).with_for_update()
    model = (await session.exec(known)).one_or_none()
    if model is None:
        model = Model(owner_id=owner_id, name=name)
        session.add(model)
        await session.flush()
        assert model.id is not None
        made = Router(name=name, owner_id=owner_id, model_id=model.id)
        session.add(made)
        await session.flush()
        if owner_id is None:
            await claim_name(session, made)
    assert model.id is not None
    router = await router_of(session, model.id)
    assert router is not None
    return model, router


async def _next_number(session: AsyncSession, owner_id: int | None, name: str) -> int:
    """A number that no version of this name ever had, removed models included: it names the entry on disk."""
    same_owner = Model.owner_id == owner_id if owner_id is not None else col(Model.owner_id).is_(None)
    highest = select(func.max(col(Version.number))).join(Model).where(same_owner, Model.name == name)
    return ((await session.exec(highest)).one() or 0) + 1


async def enqueue(session: AsyncSession, build: Build) -> int:
    """Id of a new build."""
    session.add(build)
    await session.flush()
    assert build.id is not None
    return build.id
