"""Tokens and logins: what a key may be, and what ends it."""

from datetime import timedelta

import pytest
from identity_examples import ADMIN, role, user

from control_plane.accounts.keys import KeyService, digest_of
from control_plane.accounts.login import LoginService
from control_plane.accounts.passwords import Passwords
from control_plane.accounts.schemas import UserPatch
from control_plane.accounts.service import AccountService
from control_plane.accounts.tokens import TokenService
from control_plane.accounts.users import UserService
from control_plane.db.engine import Database
from control_plane.db.types import utc_now
from control_plane.errors import (
    ExpiredAccountError,
    KeyLifetimeError,
    KeyNotFoundError,
    UserNotFoundError,
    WrongPasswordError,
)
from control_plane.paging import Page
from control_plane.snapshot import read_catalog


@pytest.fixture
def tokens(database: Database) -> TokenService:
    return TokenService(database, max_days=None)


@pytest.fixture
def login(database: Database) -> LoginService:
    return LoginService(database, Passwords(), session_seconds=3600)


async def test_a_token_is_masked_after_its_creation(database: Database, tokens: TokenService):
    user_id = await user(database)
    made = await tokens.create(ADMIN, user_id, "laptop", None)
    seen = await tokens.get(made.id)
    assert seen.token == f"{made.secret[:8]}...{made.secret[-8:]}"
    assert (seen.name, seen.user, seen.expires_at) == ("laptop", user_id, None)


async def test_tokens_of_others_root_and_ended_ones_are_not_shown(database: Database, tokens: TokenService):
    ann, bob = await user(database, "ann"), await user(database, "bob")
    await KeyService(database).ensure_root("a-long-root-secret")
    soon = utc_now() + timedelta(milliseconds=30)
    ended = await tokens.create(ADMIN, ann, "short", soon)
    revoked = await tokens.create(ADMIN, ann, "revoked", None)
    await KeyService(database).revoke(revoked.id)
    kept, other = await tokens.create(ADMIN, ann, "x", None), await tokens.create(ADMIN, bob, "x", None)
    while utc_now() < soon:
        await tokens.list(Page(), None)
    assert [each.id for each in await tokens.list(Page(), None)] == [kept.id, other.id]
    assert [each.id for each in await tokens.list(Page(), bob)] == [other.id]
    for gone in (ended.id, revoked.id, 1 << 30):
        with pytest.raises(KeyNotFoundError, match=r"^Token not found\.$"):
            await tokens.get(gone)
    with pytest.raises(KeyNotFoundError):
        await tokens.delete(ADMIN, other.id, user_id=ann)
    await tokens.delete(ADMIN, other.id, user_id=bob)
    later = await tokens.create(ADMIN, bob, "x", None)
    assert later.id == other.id + 1


async def test_the_longest_life_of_a_token(database: Database):
    user_id = await user(database)
    tokens = TokenService(database, max_days=30)
    made = await tokens.create(ADMIN, user_id, "endless", None)
    end = (await tokens.get(made.id)).expires_at
    assert end is not None
    assert timedelta(days=29) < end - utc_now() <= timedelta(days=30)
    await tokens.create(ADMIN, user_id, "short", utc_now() + timedelta(days=29))
    message = r"^Token expiration timestamp cannot be greater than 30 days from now\.$"
    with pytest.raises(KeyLifetimeError, match=message):
        await tokens.create(ADMIN, user_id, "long", utc_now() + timedelta(days=31))


async def test_a_second_login_ends_the_first_session(database: Database, login: LoginService):
    user_id = await user(database)
    first = await login.log_in("ann@example.org", "correct horse")
    second = await login.log_in("ann@example.org", "correct horse")
    keys = (await read_catalog(database)).keys
    assert digest_of(first.secret) not in keys
    key = keys[digest_of(second.secret)]
    assert (key.account_id, key.name) == (user_id, "playground")
    assert key.expires_at is not None


async def test_who_cannot_log_in(database: Database, login: LoginService):
    end = utc_now() + timedelta(milliseconds=200)
    await user(database, "late", expires_at=end)
    await KeyService(database).create(await _account(database), "x")
    await KeyService(database).ensure_root("a-long-root-secret")
    for email, password, error, message in (
        ("nobody", "x", UserNotFoundError, "User not found."),
        ("acme@example.org", "x", UserNotFoundError, "Password not set, please contact an administrator."),
        ("late", "wrong", WrongPasswordError, "Invalid current password."),
        ("master", "wrong", WrongPasswordError, "Invalid current password."),
    ):
        with pytest.raises(error) as raised:
            await login.log_in(email, password)
        assert raised.value.message == message
    while utc_now() < end:
        await login.log_in("master", "a-long-root-secret")
    with pytest.raises(ExpiredAccountError, match=r"^Invalid API key\.$"):
        await login.log_in("late", "correct horse")
    root = await login.log_in("master", "a-long-root-secret")
    assert (root.user_id, root.secret) == (0, "a-long-root-secret")


async def _account(database: Database) -> str:
    """An account that has an e-mail and no password."""
    account_id = await AccountService(database).ensure("acme")
    patch = UserPatch(email="acme@example.org", role=await role(database))
    await UserService(database, Passwords()).update(ADMIN, account_id, patch)
    return "acme"
