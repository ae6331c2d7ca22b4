"""Deployments as people handle them: look, promote, divide the requests, copy them, go back."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.builds.service import cancel_builds_of
from control_plane.builds.tables import Build, BuildKind
from control_plane.db.engine import Database
from control_plane.deployments.exposure import EXCLUSIVE, Exposure, Place
from control_plane.deployments.figures import figures
from control_plane.deployments.placement import drain, place
from control_plane.deployments.schemas import DeployedVersion
from control_plane.errors import ConflictError, InvalidRequestError, VersionNotFoundError
from control_plane.models.queries import version_in
from control_plane.models.service import ModelService, enqueue, find_model
from control_plane.models.tables import Model, Version, VersionState
from control_plane.routers.service import router_of
from control_plane.routers.tables import Provider

_KEPT = (VersionState.DRAINING, VersionState.RETIRED)
_BESIDE = (VersionState.CANARY, VersionState.SHADOW)


class DeploymentService:
    """The rules of deployments; `account_id` None stands for the built-in models throughout.

    A version that Triton holds already changes its place at once; any other is loaded and proven first, by a
    build whose id is returned.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._models = ModelService(database)

    async def versions(self, account_id: int | None, name: str) -> list[DeployedVersion]:
        """All versions of a model, newest first.

        Raises:
            ModelNotFoundError: no such model, or another account's.

        """
        async with self._database.reading() as session:
            model = await find_model(session, account_id, name, lock=False)
            query = (
                select(Version, Provider)
                .outerjoin(Provider, col(Provider.version_id) == Version.id)
                .where(Version.model_id == model.id)
            )
            rows = (await session.exec(query.order_by(col(Version.number).desc()))).all()
            ids = [provider.id for _, provider in rows if provider is not None and provider.id is not None]
            tallies = await figures(session, ids)
        return [
            DeployedVersion(
                number=version.number,
                state=version.state,
                kept=version.published,
                remark=version.remark,
                created_at=version.created_at,
                activated_at=version.activated_at,
                exposure=provider.exposure if provider else None,
                tally=tallies.get(provider.id) if provider and provider.id else None,
            )
            for version, provider in rows
        ]

    async def promote(self, account_id: int | None, name: str, number: int) -> int | None:
        """Let a version answer all requests.

        Raises:
            ModelNotFoundError: no such model, or another account's.
            VersionNotFoundError: no such version.
            ConflictError: it does already, or its files are not kept.

        """
        return await self.expose(account_id, name, number, EXCLUSIVE)

    async def expose(self, account_id: int | None, name: str, number: int, exposure: Exposure) -> int | None:
        """Give a version a place in the model's traffic.

        Returns:
            id of the build that loads it, or None where it has its place already.

        Raises:
            ModelNotFoundError: no such model, or another account's.
            VersionNotFoundError: no such version.
            ConflictError: it serves already, its files are not kept, or nothing serves beside which it could.
            InvalidRequestError: a share or a limit that makes no sense.

        """
        _check(exposure)
        async with self._database.session() as session:
            model = await find_model(session, account_id, name)
            assert model.id is not None
            version = await _version(session, model, number)
            assert version.id is not None
            _check_possible(version, exposure, await version_in(session, model.id, VersionState.ACTIVE))
            if version.state in _BESIDE:
                router = await router_of(session, model.id)
                assert router is not None
                await place(session, router, version, exposure)
                return None
            await cancel_builds_of(session, model.id, f"superseded by the deployment of version {number}")
            version.state, version.drain_generation = VersionState.LOADING, None
            build = Build(
                model_id=model.id, version_id=version.id, kind=BuildKind.ACTIVATE, exposure=exposure
            )
            return await enqueue(session, build)

    async def withdraw(self, account_id: int | None, name: str, place_: Place) -> None:
        """Take the model's canary or shadow out of the traffic.

        Raises:
            ModelNotFoundError: no such model, or another account's.
            ConflictError: there is none.

        """
        async with self._database.session() as session:
            model = await find_model(session, account_id, name)
            assert model.id is not None
            version = await version_in(session, model.id, VersionState(place_))
            if version is None:
                raise ConflictError(f"model {name} has no {place_}")
            await drain(session, [version])

    async def rollback(self, account_id: int | None, name: str) -> int | None:
        """Undo the newest change: withdraw the canary, or without one load the version that served before.

        Returns:
            id of the build that loads it, or None where nothing has to be loaded.

        Raises:
            ModelNotFoundError: no such model, or another account's.
            ConflictError: there is neither.

        """
        try:
            await self.withdraw(account_id, name, Place.CANARY)
        except ConflictError:
            return await self._models.rollback(account_id, name)
        return None


def _check(exposure: Exposure) -> None:
    limit = exposure.max_error_share
    if not 0 <= exposure.share <= 1:
        raise InvalidRequestError("share must be a number from 0 to 1")
    if limit is not None and not 0 <= limit <= 1:
        raise InvalidRequestError("max_error_share must be a number from 0 to 1")
    if exposure.max_p99_ms is not None and not exposure.max_p99_ms > 0:
        raise InvalidRequestError("max_p99_ms must be a number above 0")
    if exposure.min_requests < 1:
        raise InvalidRequestError("min_requests must be 1 or more")


async def _version(session: AsyncSession, model: Model, number: int) -> Version:
    found = select(Version).where(Version.model_id == model.id, Version.number == number)
    version = (await session.exec(found.with_for_update())).one_or_none()
    if version is None:
        raise VersionNotFoundError(f"model {model.name} has no version {number}")
    return version


def _check_possible(version: Version, exposure: Exposure, active: Version | None) -> None:
    if version.state is VersionState.ACTIVE:
        raise ConflictError(f"version {version.number} is in service")
    if exposure.place is not Place.ACTIVE and active is None:
        raise ConflictError(
            "the model has no version in service", hint="Promote one; then another can stand beside it."
        )
    if version.state not in (*_KEPT, *_BESIDE) or not version.published:
        raise ConflictError(
            f"version {version.number} is {version.state}"
            + ("" if version.published else " and its files are not kept"),
            hint="Only versions whose files are kept can be put into service.",
        )
