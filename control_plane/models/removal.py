"""Takes models out of service, within a transaction."""

from collections.abc import Iterable

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.builds.service import cancel_builds_of
from control_plane.db.types import utc_now
from control_plane.deployments.placement import drain
from control_plane.models.queries import owned_by
from control_plane.models.tables import SERVING, Model, Version
from control_plane.routers.service import remove_router, router_of


async def remove_owned_models(session: AsyncSession, account_id: int) -> None:
    """Take all models of an account away, within a transaction."""
    owned = (await session.exec(select(Model).where(owned_by(account_id)).with_for_update())).all()
    await remove_models(session, owned)


async def remove_models(session: AsyncSession, models: Iterable[Model]) -> None:
    """Take models out of service; the catalogue's row is locked last, as everywhere."""
    draining: list[Version] = []
    for model in models:
        assert model.id is not None
        model.deleted_at = utc_now()
        await cancel_builds_of(session, model.id, "the model was removed")
        if (router := await router_of(session, model.id)) is not None:
            await remove_router(session, router)
        serving = select(Version).where(Version.model_id == model.id, col(Version.state).in_(SERVING))
        draining += (await session.exec(serving)).all()
    await drain(session, draining)
