"""Encrypts the stored secrets of providers anew, after their key was replaced."""

from sqlmodel import col, select

from control_plane.db.engine import Database
from control_plane.db.generation import touch_catalog
from control_plane.routers.tables import Provider
from control_plane.secret_box import SecretBox


async def reseal(database: Database, box: SecretBox) -> int:
    """Encrypt all secrets anew with the newest key.

    Returns:
        how many there are.

    Raises:
        SecretKeyError: one was sealed with a key that is not known here; nothing has changed.

    """
    async with database.session() as session:
        rows = await session.exec(select(Provider).where(col(Provider.secret).is_not(None)))
        sealed = [(row, row.secret) for row in rows.all() if row.secret is not None]
        for row, secret in sealed:
            row.secret = box.reseal(secret)
        await touch_catalog(session)
        return len(sealed)
