"""Brings a catalogue's models to a site."""

import msgspec
from sqlmodel import col, exists, select

from control_plane.builds.tables import UNFINISHED, Build
from control_plane.catalogue import Catalogue
from control_plane.db.engine import Database
from control_plane.models.queries import owned_by
from control_plane.models.schemas import NewModel
from control_plane.models.service import ModelService
from control_plane.models.tables import Model, Version


async def install(database: Database, catalogue: Catalogue) -> list[int]:
    """Queue a build for each model that the site lacks.

    Doing it again retries the models whose builds have all failed, and leaves alone those that have ever
    served or are being built.

    Returns:
        ids of the new builds.

    """
    service = ModelService(database)
    return [
        await service.add(NewModel(**msgspec.structs.asdict(model)))
        for model in catalogue.models
        if await _is_wanted(database, model.name)
    ]


async def _is_wanted(database: Database, name: str) -> bool:
    served = exists().where(col(Version.model_id) == Model.id, col(Version.activated_at).is_not(None))
    under_way = exists().where(col(Build.model_id) == Model.id, col(Build.status).in_(UNFINISHED))
    installed = select(Model.id).where(owned_by(None), Model.name == name, served | under_way)
    async with database.reading() as session:
        return (await session.exec(installed)).first() is None
