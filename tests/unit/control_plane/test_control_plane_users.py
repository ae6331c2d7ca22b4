"""Users: one identity for every API, changed and removed without a trace of half a change."""

import asyncio
from datetime import timedelta

import pytest
from identity_examples import ADMIN, role, router, user
from sqlmodel import select

from control_plane.accounts.keys import KeyService, digest_of
from control_plane.accounts.passwords import Passwords
from control_plane.accounts.schemas import NewUser, UserFilter, UserPatch
from control_plane.accounts.service import AccountService
from control_plane.accounts.tables import Account
from control_plane.accounts.tokens import TokenService
from control_plane.accounts.users import UserService
from control_plane.audit.service import AuditService
from control_plane.catalog import LimitType, ModelNotFoundError, Permission
from control_plane.db.engine import Database
from control_plane.db.types import utc_now
from control_plane.errors import (
    ConflictError,
    OrganizationNotFoundError,
    ReservedEmailError,
    RoleNotFoundError,
    UserNotFoundError,
    WrongPasswordError,
)
from control_plane.models.schemas import NewModel
from control_plane.models.service import ModelService
from control_plane.models.tables import Model
from control_plane.paging import Page
from control_plane.roles.schemas import Limit
from control_plane.roles.service import RoleService
from control_plane.snapshot import read_catalog


@pytest.fixture
def users(database: Database) -> UserService:
    return UserService(database, Passwords())


async def test_the_first_user_has_number_one_and_a_name_that_can_own_models(
    database: Database, users: UserService
):
    await KeyService(database).ensure_root("a-long-root-secret")
    user_id = await user(database, name="Ann", budget=1.5, priority=3)
    assert user_id == 1
    seen = await users.get(user_id)
    assert (seen.email, seen.name, seen.budget, seen.priority) == ("ann@example.org", "Ann", 1.5, 3)
    models = ModelService(database)
    async with database.reading() as session:
        owner = (await session.exec(select(Account.name).where(Account.id == user_id))).one()
    await models.add(NewModel(name="mine", source="file:/x", owner=owner))
    assert (await models.get(user_id, "mine")).owner == owner


async def test_accounts_of_the_command_line_are_users_too(database: Database, users: UserService):
    await AccountService(database).ensure("acme")
    (seen,) = await users.list(Page(), UserFilter())
    assert (seen.email, seen.role) == ("acme", None)
    role_id = await role(database)
    await users.update(ADMIN, seen.id, UserPatch(email="acme@example.org", role=role_id))
    assert (await users.get(seen.id)).role == role_id
    assert await AccountService(database).ensure("acme@example.org") == seen.id
    assert await AccountService(database).ensure("acme") == seen.id


async def test_the_root_account_is_no_user(database: Database, users: UserService):
    assert await AccountService(database).ensure("root") == 0
    assert await users.list(Page(), UserFilter()) == []
    for attempt in (
        users.get(0),
        users.update(ADMIN, 0, UserPatch(email="x")),
        users.delete(ADMIN, 0),
        TokenService(database, max_days=None).create(ADMIN, 0, "x", None),
    ):
        with pytest.raises(UserNotFoundError):
            await attempt


async def test_references_and_unique_emails(database: Database, users: UserService):
    role_id = await role(database)
    new = NewUser(email="ann", password="secret", role=role_id)
    await users.create(ADMIN, new)
    for wrong, error in (
        (NewUser(email="master", password="x", role=role_id), ReservedEmailError),
        (NewUser(email="bob", password="x", role=99), RoleNotFoundError),
        (NewUser(email="bob", password="x", role=role_id, organization=99), OrganizationNotFoundError),
        (new, ConflictError),
    ):
        with pytest.raises(error):
            await users.create(ADMIN, wrong)
    other = await users.create(ADMIN, NewUser(email="bob", password="x", role=role_id))
    with pytest.raises(ConflictError, match=r"^User already exists\.$"):
        await users.update(ADMIN, other, UserPatch(email="ann"))
    with pytest.raises(RoleNotFoundError):
        await users.update(ADMIN, other, UserPatch(email="carl", role=99))
    assert (await users.get(other)).email == "bob"


async def test_of_equal_emails_at_the_same_moment_one_wins(database: Database, users: UserService):
    role_id = await role(database)

    async def attempt() -> str:
        try:
            await users.create(ADMIN, NewUser(email="same", password="x", role=role_id))
        except ConflictError as error:
            return error.message
        return "made"

    outcomes = await asyncio.gather(*(attempt() for _ in range(6)))
    assert sorted(outcomes) == ["User already exists."] * 5 + ["made"]


async def test_a_role_is_not_removed_under_a_user_that_is_being_made(database: Database, users: UserService):
    for number in range(4):
        role_id = await role(database, f"role {number}")
        new = NewUser(email=f"user {number}", password="x", role=role_id)
        results = await asyncio.gather(
            users.create(ADMIN, new),
            RoleService(database).delete(ADMIN, role_id),
            return_exceptions=True,
        )
        lost = [each for each in results if isinstance(each, Exception)]
        assert len(lost) == 1
        assert isinstance(lost[0], ConflictError | RoleNotFoundError)


async def test_a_patch_tells_unset_from_none(database: Database, users: UserService):
    end = utc_now() + timedelta(days=1)
    user_id = await user(database, name="Ann", budget=5.0, expires_at=end)
    await users.update(ADMIN, user_id, UserPatch(name="Anna"))
    kept = await users.get(user_id)
    assert (kept.name, kept.budget, kept.expires_at) == ("Anna", 5.0, end)
    await users.update(ADMIN, user_id, UserPatch(budget=None, expires_at=None))
    cleared = await users.get(user_id)
    assert (cleared.name, cleared.budget, cleared.expires_at) == ("Anna", None, None)
    assert cleared.updated_at > kept.updated_at


async def test_a_given_current_password_must_be_right(database: Database, users: UserService):
    user_id = await user(database)
    with pytest.raises(WrongPasswordError):
        await users.update(ADMIN, user_id, UserPatch(current_password="wrong", password="new"))
    await users.update(ADMIN, user_id, UserPatch(current_password="correct horse", password="new"))
    with pytest.raises(WrongPasswordError):
        await users.update(ADMIN, user_id, UserPatch(current_password="correct horse", name="x"))
    await users.update(ADMIN, user_id, UserPatch(password="newest"))


async def test_a_deleted_user_takes_its_keys_and_models_along_and_leaves_no_name(
    database: Database, users: UserService
):
    user_id = await user(database, name="Ann")
    key = await TokenService(database, max_days=None).create(ADMIN, user_id, "laptop", None)
    await ModelService(database).add(NewModel(name="mine", source="file:/x", owner="ann@example.org"))
    assert digest_of(key.secret) in (await read_catalog(database)).keys
    await users.delete(ADMIN, user_id)
    catalog = await read_catalog(database)
    assert catalog.keys == {}
    assert catalog.routers == {}
    with pytest.raises(ModelNotFoundError):
        await ModelService(database).get(user_id, "mine")
    with pytest.raises(UserNotFoundError):
        await users.get(user_id)
    async with database.reading() as session:
        row = (await session.exec(select(Account).where(Account.id == user_id))).one()
        assert (row.email, row.display_name, row.password_hash) == (None, None, None)
        assert (await session.exec(select(Model.owner_id))).all() == [user_id]
    assert await user(database, "ann@example.org", role=await role(database)) == user_id + 1


async def test_lists_filter(database: Database, users: UserService):
    role_id = await role(database)
    for email in ("b", "a"):
        await users.create(ADMIN, NewUser(email=email, name=email, password="x", role=role_id))
    await AccountService(database).ensure("nameless")

    async def emails(page: Page = Page(), **wanted: object) -> list[str]:  # noqa: B008 - it is frozen
        return [each.email for each in await users.list(page, UserFilter(**wanted))]  # type: ignore[arg-type]

    assert await emails() == ["b", "a", "nameless"]
    assert await emails(role=role_id) == ["b", "a"]
    assert await emails(role=99) == await emails(organization=99) == []
    assert await emails(email="a") == ["a"]
    assert await emails(email="a", role=99) == []
    with pytest.raises(UserNotFoundError):
        await emails(email="nobody")
    assert await emails(Page(order_by="name")) == ["a", "b", "nameless"]
    assert await emails(Page(order_by="name", descending=True)) == ["b", "a", "nameless"]


async def test_the_snapshot_carries_what_a_request_needs_to_know(database: Database, users: UserService):
    await router(database)
    limits = (
        Limit(router=1, type=LimitType.REQUESTS_PER_MINUTE, value=5),
        Limit(router=1, type=LimitType.TOKENS_PER_MINUTE, value=None),
    )
    role_id = await role(database, permissions=frozenset({Permission.READ_METRIC}), limits=limits)
    end = utc_now() + timedelta(days=1)
    user_id = await user(database, role=role_id, expires_at=end, priority=2)
    key = await TokenService(database, max_days=None).create(ADMIN, user_id, "laptop", None)
    await KeyService(database).ensure_root("a-long-root-secret")
    keys = (await read_catalog(database)).keys
    found, root = keys[digest_of(key.secret)], keys[digest_of("a-long-root-secret")]
    assert (found.name, found.principal.label) == ("laptop", "ann@example.org")
    assert found.permissions == {Permission.READ_METRIC}
    assert (found.principal.expires_at, found.principal.priority) == (end.timestamp(), 2)
    assert found.principal.role is not None
    assert found.principal.role.limits == {
        1: {LimitType.REQUESTS_PER_MINUTE: 5, LimitType.TOKENS_PER_MINUTE: None}
    }
    assert (root.account_id, root.permissions) == (0, set(Permission))


async def test_every_act_is_logged_without_secrets(database: Database, users: UserService):
    user_id = await user(database)
    tokens = TokenService(database, max_days=None)
    key = await tokens.create(ADMIN, user_id, "laptop", None)
    await users.update(ADMIN, user_id, UserPatch(name="Ann", password="hunter2"))
    with pytest.raises(ConflictError):
        await role(database, "role of ann@example.org")
    await tokens.delete(ADMIN, key.id)
    await users.delete(ADMIN, user_id)
    entries = await AuditService(database).list(Page(limit=100))
    assert [(each.action, each.object) for each in entries] == [
        ("create", "role"),
        ("create", "user"),
        ("create", "key"),
        ("update", "user"),
        ("delete", "key"),
        ("delete", "user"),
    ]
    assert {(each.actor_id, each.actor, each.key_id) for each in entries} == {(0, "master", 1)}
    change = entries[3]
    assert change.before is not None
    assert change.after is not None
    assert (change.before["name"], change.after["name"], change.after["password"]) == (
        None,
        "Ann",
        "********",
    )
    for secret in (key.secret, "hunter2", "argon2"):
        assert secret not in repr(entries)
    only = await AuditService(database).list(Page(), kind="user", object_id=user_id)
    assert [each.action for each in only] == ["create", "update", "delete"]
