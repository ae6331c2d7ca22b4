"""Accounts whose calls are limited, and the records that calls leave."""

import asyncio
from collections.abc import Mapping

from site_setup import Site
from sqlmodel import col, select

from control_plane.accounts.tables import Account
from control_plane.audit.service import Actor
from control_plane.catalog import LimitType
from control_plane.db.generation import touch_catalog
from control_plane.roles.schemas import Limit, NewRole
from control_plane.roles.service import RoleService
from control_plane.routers.tables import Router
from control_plane.usage.tables import Usage


async def key_with(site: Site, name: str, limits: Mapping[LimitType, int | None]) -> str:
    """Key of an account whose role has these limits for the model `tiny`."""
    secret = await site.key(name)
    async with site.database.reading() as session:
        router_id = (await session.exec(select(Router.id).where(Router.name == "tiny"))).one()
    assert router_id is not None
    granted = [Limit(router=router_id, type=kind, value=value) for kind, value in limits.items()]
    admin = Actor(id=0, name="master", key_id=1)
    role_id = await RoleService(site.database).create(admin, NewRole(name=name, limits=granted))
    async with site.database.session() as session:
        account = (await session.exec(select(Account).where(Account.name == name))).one()
        account.role_id = role_id
        await touch_catalog(session)
    return secret


async def records(site: Site, key_name: str, number: int) -> list[Usage]:
    """Records of an account, once there are as many; they should come within a second."""
    query = select(Usage).join(Account, col(Account.id) == col(Usage.account_id))
    async with asyncio.timeout(20):
        while True:
            async with site.database.reading() as session:
                found = list(
                    await session.exec(query.where(Account.name == key_name).order_by(col(Usage.id)))
                )
            if len(found) >= number:
                return found
            await asyncio.sleep(0.02)
