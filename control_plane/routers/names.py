"""The namespace of the routers that everybody may be given: names and aliases, each of one router only."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.errors import ConflictError
from control_plane.routers.tables import Router, RouterAlias, RouterName


async def claim_name(session: AsyncSession, router: Router) -> None:
    """Take a router's name.

    Raises:
        ConflictError: another router has it as its name or alias.

    """
    assert router.id is not None
    if await _taken(session, {router.name}, router.id):
        raise ConflictError(f"Router {router.name} already exists.")
    own = select(RouterName).where(RouterName.router_id == router.id, RouterName.position == 0)
    if (row := (await session.exec(own)).one_or_none()) is not None:
        await session.delete(row)
        await session.flush()
    session.add(RouterName(name=router.name, router_id=router.id, position=0))
    await session.flush()


async def claim_aliases(session: AsyncSession, router_id: int, aliases: Sequence[str]) -> None:
    """Let a router have these aliases and no others.

    Raises:
        ConflictError: others have some of them, or one comes twice; the message lists these.

    """
    aliases_of = (col(RouterName.router_id) == router_id) & (col(RouterName.position) > 0)
    await session.exec(delete(RouterName).where(aliases_of))
    taken = await _taken(session, set(aliases), router_id) | await _own_name(session, router_id)
    clashing = [alias for place, alias in enumerate(aliases) if alias in taken or alias in aliases[:place]]
    if clashing:
        raise ConflictError(f"Following aliases already exist: '{clashing}'")
    session.add_all(
        [
            RouterName(name=alias, router_id=router_id, position=place)
            for place, alias in enumerate(aliases, start=1)
        ]
    )
    await session.flush()


async def _taken(session: AsyncSession, names: Collection[str], router_id: int) -> set[str]:
    """Those of the names that stand for another router, be it within one task only."""
    found: set[str] = set()
    for table in (RouterName, RouterAlias):
        others = select(table.name).where(col(table.name).in_(names), col(table.router_id) != router_id)
        found.update(await session.exec(others))
    return found


async def _own_name(session: AsyncSession, router_id: int) -> set[str]:
    own = select(RouterName.name).where(RouterName.router_id == router_id, RouterName.position == 0)
    return set(await session.exec(own))
