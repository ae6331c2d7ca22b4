"""The counter that tells gateways to look again, raised with every change that they must see."""

from sqlalchemy import update
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession


class CatalogGeneration(SQLModel, table=True):
    """One row; the migration that makes the table also puts it there."""

    __tablename__ = "catalog_generation"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    value: int


async def touch_catalog(session: AsyncSession) -> int:
    """Raise the generation; gateways see it together with the rest of the transaction.

    Returns:
        the generation that the transaction's commit makes visible.

    """
    raised = update(CatalogGeneration).values(value=col(CatalogGeneration.value) + 1)
    generation: int = (await session.exec(raised.returning(col(CatalogGeneration.value)))).scalar_one()
    return generation


async def current_generation(session: AsyncSession) -> int:
    """The generation that this transaction sees."""
    return (await session.exec(select(CatalogGeneration.value))).one()
