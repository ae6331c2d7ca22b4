"""What has arrived becomes a version of its model, and a build of that."""

from dataclasses import dataclass

import structlog

from control_plane.accounts.tables import Account
from control_plane.builds.tables import Build
from control_plane.db.engine import Database
from control_plane.models.schemas import NewModel
from control_plane.models.service import add_model
from control_plane.uploads.contents import Contents, read_contents
from control_plane.uploads.errors import UploadForbiddenError
from control_plane.uploads.store import UploadStore
from control_plane.uploads.tables import UPLOADED, Upload, UploadState

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A whole zip in the store.

    Attributes:
        upload: its id.
        size: bytes.
        sha256: its digest, or None where nobody has taken it.

    """

    upload: str
    size: int
    sha256: str | None
    contents: Contents


def look_into(store: UploadStore, upload: str) -> Contents:
    """What an upload holds. Blocks.

    Raises:
        FileNotFoundError: it has been removed.

    """
    with store.open(upload) as file:
        return read_contents(file)


async def complete(database: Database, arrival: Arrival, *, before: UploadState) -> int:
    """Queue the build of what has arrived; the model is visible as building from now on.

    Args:
        before: state in which the ticket must be, so that each is completed once.

    Returns:
        the build's id.

    Raises:
        UploadForbiddenError: it is in another: the ticket's time was over before the last byte came.

    """
    async with database.session() as session:
        row = await session.get(Upload, arrival.upload, with_for_update=True)
        if row is None or row.state is not before:
            raise UploadForbiddenError
        owner = await session.get_one(Account, row.account_id)
        new = NewModel(
            name=row.model_name,
            source=f"{UPLOADED}{row.id}",
            sha256=arrival.sha256,
            description=arrival.contents.description,
            owner=owner.name,
        )
        build_id = await add_model(session, new)
        row.state, row.deadline = UploadState.ARRIVED, None
        row.size, row.files = arrival.size, arrival.contents.files
        row.version_id = (await session.get_one(Build, build_id)).version_id
    logger.info("upload arrived", model=new.name, owner=owner.name, bytes=arrival.size, build=build_id)
    return build_id
