"""Roles and organizations: unique names, limits, and nothing half-done."""

import asyncio

import pytest
from identity_examples import ADMIN, role, router, user
from sqlmodel import select

from control_plane.accounts.passwords import Passwords
from control_plane.accounts.schemas import UserPatch
from control_plane.accounts.users import UserService
from control_plane.catalog import LimitType, Permission
from control_plane.db.engine import Database
from control_plane.errors import (
    ConflictError,
    OrganizationNotFoundError,
    RoleNotFoundError,
    RouterNotFoundError,
)
from control_plane.models.service import ModelService
from control_plane.organizations.service import OrganizationService
from control_plane.paging import Page
from control_plane.roles.schemas import Limit, NewRole, RolePatch
from control_plane.roles.service import RoleService
from control_plane.roles.tables import RoleLimit

RPM = Limit(router=1, type=LimitType.REQUESTS_PER_MINUTE, value=5)
TPD = Limit(router=1, type=LimitType.TOKENS_PER_DAY, value=None)


async def test_a_role_keeps_what_it_was_given(database: Database):
    await router(database)
    roles = RoleService(database)
    role_id = await role(database, permissions=frozenset({Permission.ADMIN}), limits=(RPM, TPD))
    assert role_id == 1
    seen = await roles.get(role_id)
    assert (seen.name, seen.permissions, seen.limits, seen.users) == ("member", ["admin"], [RPM, TPD], 0)
    await roles.update(ADMIN, role_id, RolePatch(limits=()))
    changed = await roles.get(role_id)
    assert (changed.name, changed.permissions, changed.limits) == ("member", ["admin"], [])
    assert changed.updated_at > seen.updated_at
    await roles.update(ADMIN, role_id, RolePatch(name="other", permissions=frozenset()))
    assert (await roles.get(role_id)).permissions == []


async def test_a_limit_for_an_unknown_router_leaves_nothing_behind(database: Database):
    await router(database)
    roles = RoleService(database)
    unknown = Limit(router=77, type=LimitType.REQUESTS_PER_DAY, value=1)
    with pytest.raises(RouterNotFoundError, match=r"^Model router 77 not found\.$"):
        await roles.create(ADMIN, NewRole(name="half", limits=(RPM, unknown)))
    assert await roles.list(Page()) == []
    role_id = await role(database, limits=(RPM,))
    with pytest.raises(RouterNotFoundError):
        await roles.update(ADMIN, role_id, RolePatch(name="renamed", limits=(unknown,)))
    seen = await roles.get(role_id)
    assert (seen.name, seen.limits) == ("member", [RPM])


async def test_limits_go_with_their_router(database: Database):
    await router(database)
    role_id = await role(database, limits=(RPM, TPD))
    await ModelService(database).remove(None, "mini")
    assert (await RoleService(database).get(role_id)).limits == []
    async with database.reading() as session:
        assert (await session.exec(select(RoleLimit))).all() == []


async def test_what_accounts_refer_to_cannot_be_removed(database: Database):
    roles, organizations = RoleService(database), OrganizationService(database)
    role_id, organization_id = await role(database), await organizations.create(ADMIN, "acme")
    user_id = await user(database, role=role_id, organization=organization_id)
    assert (await roles.get(role_id)).users == 1
    assert (await organizations.get(organization_id)).users == 1
    with pytest.raises(ConflictError, match=r"^Delete role with users is not allowed\.$"):
        await roles.delete(ADMIN, role_id)
    with pytest.raises(ConflictError, match=r"^Delete organization with users is not allowed\.$"):
        await organizations.delete(ADMIN, organization_id)
    users = UserService(database, Passwords())
    await users.update(ADMIN, user_id, UserPatch(organization=None))
    await organizations.delete(ADMIN, organization_id)
    await users.delete(ADMIN, user_id)
    await roles.delete(ADMIN, role_id)
    with pytest.raises(RoleNotFoundError):
        await roles.get(role_id)
    with pytest.raises(OrganizationNotFoundError):
        await organizations.rename(ADMIN, organization_id, "x")


async def test_ids_are_never_used_again(database: Database):
    roles, organizations = RoleService(database), OrganizationService(database)
    await roles.delete(ADMIN, await role(database))
    assert await role(database) == 2
    await organizations.delete(ADMIN, await organizations.create(ADMIN, "a"))
    assert await organizations.create(ADMIN, "a") == 2


async def test_of_equal_names_at_the_same_moment_one_wins(database: Database):
    async def attempt(name: str) -> str:
        try:
            await RoleService(database).create(ADMIN, NewRole(name=name))
            await OrganizationService(database).create(ADMIN, name)
        except ConflictError as error:
            return error.message
        return "made"

    outcomes = await asyncio.gather(*(attempt("same") for _ in range(8)))
    assert sorted(outcomes) == ["Role already exists."] * 7 + ["made"]


async def test_a_rename_may_not_clash(database: Database):
    roles, organizations = RoleService(database), OrganizationService(database)
    first, second = await role(database, "one"), await role(database, "two")
    with pytest.raises(ConflictError, match=r"^Role already exists\.$"):
        await roles.update(ADMIN, second, RolePatch(name="one"))
    await roles.update(ADMIN, first, RolePatch(name="one"))
    await organizations.create(ADMIN, "one")
    other = await organizations.create(ADMIN, "two")
    with pytest.raises(ConflictError, match=r"already taken\. Please, choose another one\.$"):
        await organizations.rename(ADMIN, other, "one")
    assert (await organizations.get(other)).name == "two"


async def test_pages_are_ordered_and_ties_broken_by_id(database: Database):
    for name in ("b", "a", "c"):
        await role(database, name)
    roles = RoleService(database)

    async def ids(**page: object) -> list[int]:
        return [each.id for each in await roles.list(Page(**page))]  # type: ignore[arg-type]

    assert await ids() == [1, 2, 3]
    assert await ids(order_by="name") == [2, 1, 3]
    assert await ids(order_by="name", descending=True, limit=2) == [3, 1]
    assert await ids(order_by="created", offset=1, limit=1) == [2]
    assert await ids(offset=3) == []
