"""Brings a catalogue's models to a site."""

from sqlmodel import col, select

from control_plane.builds.tables import UNFINISHED
from control_plane.catalogue import Catalogue, CatalogueModel
from control_plane.db.engine import Database
from control_plane.models.queries import latest_builds, owned_by
from control_plane.models.schemas import NewModel
from control_plane.models.service import ModelService
from control_plane.models.tables import Model, Version


async def install(database: Database, catalogue: Catalogue) -> list[int]:
    """Queue a build for each model that the site lacks; doing it again changes nothing.

    A model whose builds have all failed is tried again only when the catalogue has another source for it.

    Returns:
        ids of the new builds.

    """
    service = ModelService(database)
    return [
        await service.add(
            NewModel(
                name=model.name,
                source=model.source,
                sha256=model.sha256,
                tasks=model.tasks,
                description=model.description,
                aliases=model.aliases,
            )
        )
        for model in catalogue.models
        if await _is_wanted(database, model)
    ]


async def _is_wanted(database: Database, wanted: CatalogueModel) -> bool:
    async with database.reading() as session:
        model_id = (
            await session.exec(select(Model.id).where(owned_by(None), Model.name == wanted.name))
        ).one_or_none()
        if model_id is None:
            return True
        versions = (
            await session.exec(
                select(Version).where(Version.model_id == model_id).order_by(col(Version.number))
            )
        ).all()
        build = (await latest_builds(session, [model_id]))[model_id]
    ever_served = any(version.activated_at is not None for version in versions)
    changed = (versions[-1].source, versions[-1].sha256) != (wanted.source, wanted.sha256)
    return not ever_served and build.status not in UNFINISHED and changed
