"""The moments at which a version changes its state: published, active. Each is one transaction."""

from control_plane.builds.queue import Claim, owned
from control_plane.builds.tables import BuildStatus
from control_plane.db.engine import Database
from control_plane.db.types import utc_now
from control_plane.deployments.exposure import EXCLUSIVE
from control_plane.deployments.placement import place
from control_plane.models.queries import version_in
from control_plane.models.tables import Version, VersionState
from control_plane.routers.service import router_of
from converters.spec import BuildCancelledError
from model_repository.manifest import Manifest


async def announce(database: Database, claim: Claim, manifests: tuple[Manifest, ...]) -> None:
    """Note that the version's entries are about to be published, so that they are found after a crash.

    Raises:
        ClaimLostError: another worker owns the build now.

    """
    async with database.session() as session:
        version = await session.get_one(Version, (await owned(session, claim)).version_id)
        version.manifests, version.published = manifests, True


async def mark_loading(database: Database, claim: Claim) -> None:
    """Note that the version's entries are complete: from now on Triton may hold it.

    Raises:
        ClaimLostError: another worker owns the build now.

    """
    async with database.session() as session:
        version = await session.get_one(Version, (await owned(session, claim)).version_id)
        version.state = VersionState.LOADING


async def dismiss(database: Database, claim: Claim, manifests: tuple[Manifest, ...], remark: str) -> None:
    """End a build whose version is not needed: nothing was published, and its manifests keep the figures.

    Raises:
        ClaimLostError: another worker owns the build now.

    """
    async with database.session() as session:
        build = await owned(session, claim)
        version = await session.get_one(Version, build.version_id)
        version.manifests, version.state, version.remark = manifests, VersionState.RETIRED, remark
        build.status, build.percent, build.finished_at = BuildStatus.SUCCEEDED, 100.0, utc_now()
        build.message, build.hint = remark, ""


async def activate(database: Database, claim: Claim) -> None:
    """The flip: the version takes its place in the traffic, the build has succeeded, gateways are told.

    A model's first version answers alone, whatever place was meant for it.

    Raises:
        ClaimLostError: another worker owns the build now.
        BuildCancelledError: the build was cancelled, or its model removed, in the meantime.

    """
    async with database.session() as session:
        build = await owned(session, claim)
        router = await router_of(session, build.model_id)
        if build.cancel_requested or router is None:
            raise BuildCancelledError(build.message)
        version = await session.get_one(Version, build.version_id)
        served = await version_in(session, build.model_id, VersionState.ACTIVE) is not None
        await place(session, router, version, build.exposure if served else EXCLUSIVE)
        build.status, build.percent, build.finished_at = BuildStatus.SUCCEEDED, 100.0, utc_now()
        build.message = build.hint = ""
