"""Routers made by hand: one namespace of names and aliases, the system's own among them."""

import asyncio

import pytest
from control_plane_examples import add_and_deploy, new_model
from identity_examples import ADMIN, role, user

from control_plane.accounts.passwords import Passwords
from control_plane.accounts.users import UserService
from control_plane.audit.service import Actor, AuditService
from control_plane.catalog import LimitType, ModelNotFoundError, RouterStatus
from control_plane.db.engine import Database
from control_plane.errors import ConflictError, RouterNotFoundError
from control_plane.models.service import ModelService
from control_plane.paging import Page
from control_plane.roles.schemas import Limit
from control_plane.roles.service import RoleService
from control_plane.routers.administration import RouterService
from control_plane.routers.kinds import LoadBalancing, RouterType
from control_plane.routers.schemas import NewRouter, RouterPatch
from control_plane.snapshot import read_catalog
from model_repository.manifest import Task

CHAT = RouterType.TEXT_GENERATION


def new(name: str, *aliases: str) -> NewRouter:
    return NewRouter(name=name, type=CHAT, aliases=aliases)


async def test_a_router_keeps_what_it_was_given(database: Database):
    routers = RouterService(database)
    made = await routers.create(
        ADMIN,
        NewRouter(
            name="org/chat",
            type=CHAT,
            aliases=("b", "a"),
            load_balancing=LoadBalancing.LEAST_BUSY,
            prompt_price=1.5,
        ),
    )
    assert (made.id, made.user_id, made.aliases, made.prompt_price) == (1, 0, ["b", "a"], 1.5)
    assert (made.vector_size, made.max_context_length, made.providers) == (None, None, 0)
    assert await routers.get(1) == made
    catalog = await read_catalog(database)
    router = catalog.find(5, "a")
    assert router is not None
    assert (router.name, router.load_balancing, router.status) == (
        "org/chat",
        "least_busy",
        RouterStatus.EMPTY,
    )
    with pytest.raises(ModelNotFoundError):
        catalog.resolve(5, Task.TEXT_GENERATION, "org/chat")


async def test_names_and_aliases_share_one_namespace(database: Database):
    routers = RouterService(database)
    await add_and_deploy(database, "mini", aliases={Task.EMBEDDING: ("english",)})
    await routers.create(ADMIN, new("one", "uno"))
    for name in ("one", "uno", "mini", "english"):
        with pytest.raises(ConflictError, match=rf"^Router {name} already exists\.$"):
            await routers.create(ADMIN, new(name))
    for aliases, told in (
        (("new", "uno"), "['uno']"),
        (("one", "mini", "english"), "['one', 'mini', 'english']"),
        (("twice", "twice"), "['twice']"),
        (("two",), "['two']"),
    ):
        with pytest.raises(ConflictError) as caught:
            await routers.create(ADMIN, new("two", *aliases))
        assert caught.value.message == f"Following aliases already exist: '{told}'"
    _, total = await routers.list(Page())
    assert total == 2
    with pytest.raises(ConflictError):
        await ModelService(database).add(new_model("uno"))


async def test_a_patch_changes_what_it_names(database: Database):
    routers = RouterService(database)
    first = await routers.create(ADMIN, new("one", "uno", "une"))
    await routers.create(ADMIN, new("two", "due"))
    await routers.update(ADMIN, 1, RouterPatch())
    same = await routers.get(1)
    assert same.updated_at > first.updated_at
    assert (same.name, same.aliases) == ("one", ["uno", "une"])
    await routers.update(ADMIN, 1, RouterPatch(name="first", aliases=("one", "une"), completion_price=2.0))
    changed = await routers.get(1)
    assert (changed.name, changed.aliases, changed.completion_price) == ("first", ["one", "une"], 2.0)
    for name in ("two", "due"):
        with pytest.raises(ConflictError, match=rf"^Router {name} already exists\.$"):
            await routers.update(ADMIN, 1, RouterPatch(name=name))
    for alias in ("two", "due", "first"):
        with pytest.raises(ConflictError, match=r"^Name conflict with existing router or alias\.$"):
            await routers.update(ADMIN, 1, RouterPatch(aliases=(alias,)))
    assert (await routers.get(1)).aliases == ["one", "une"]
    await routers.update(ADMIN, 1, RouterPatch(aliases=()))
    assert (await routers.get(1)).aliases == []
    with pytest.raises(RouterNotFoundError, match=r"^Model router not found\.$"):
        await routers.update(ADMIN, 77, RouterPatch())


async def test_a_router_goes_with_its_names_and_limits(database: Database):
    routers = RouterService(database)
    await routers.create(ADMIN, new("one", "uno"))
    limit = Limit(router=1, type=LimitType.REQUESTS_PER_DAY, value=None)
    role_id = await role(database, limits=(limit,))
    gone = await routers.delete(ADMIN, 1)
    assert gone.aliases == ["uno"]
    assert (await RoleService(database).get(role_id)).limits == []
    with pytest.raises(RouterNotFoundError, match=r"^Model router 1 not found\.$"):
        await routers.get(1)
    with pytest.raises(RouterNotFoundError, match=r"^Model router 1 not found\.$"):
        await routers.delete(ADMIN, 1)
    assert (await routers.create(ADMIN, new("one", "uno"))).id == 2
    entries = await AuditService(database).list(Page(), kind="router")
    assert [entry.action for entry in entries] == ["create", "delete", "create"]


async def test_every_deployed_model_is_a_router_that_only_the_model_removes(database: Database):
    routers = RouterService(database)
    await add_and_deploy(database, "mini", aliases={Task.EMBEDDING: ("english",)})
    await ModelService(database).add(new_model("not-yet-known", tasks=()))
    ((mini,), _) = await routers.list(Page())
    assert (mini.name, mini.type, mini.user_id, mini.providers) == ("mini", RouterType.EMBEDDING, 0, 1)
    assert (mini.max_context_length, mini.vector_size, mini.aliases) == (16, 4, ["english"])
    with pytest.raises(ConflictError, match="belongs to a deployed model"):
        await routers.delete(ADMIN, mini.id)
    for patch in (RouterPatch(name="other"), RouterPatch(type=CHAT)):
        with pytest.raises(ConflictError, match="belongs to a deployed model"):
            await routers.update(ADMIN, mini.id, patch)
    await routers.update(ADMIN, mini.id, RouterPatch(name="mini", aliases=("small",), prompt_price=1.0))
    catalog = await read_catalog(database)
    router = catalog.find(1, "small")
    assert router is not None
    assert (router.name, router.prompt_price, router.aliases) == ("mini", 1.0, ("small", "english"))
    await ModelService(database).remove(None, "mini")
    assert (await routers.create(ADMIN, new("mini"))).name == "mini"


async def test_of_equal_names_at_the_same_moment_one_wins(database: Database):
    async def attempt() -> str:
        try:
            await RouterService(database).create(ADMIN, new("same"))
        except ConflictError as error:
            return error.message
        return "made"

    outcomes = await asyncio.gather(*(attempt() for _ in range(8)))
    assert sorted(outcomes) == ["Router same already exists."] * 7 + ["made"]


async def test_pages_tell_how_many_there_are_even_past_the_end(database: Database):
    routers = RouterService(database)
    for name in ("b", "a", "c"):
        await routers.create(ADMIN, new(name))
    page, total = await routers.list(Page(order_by="name", limit=2))
    assert ([each.name for each in page], total) == (["a", "b"], 3)
    assert await routers.list(Page(offset=50)) == ([], 3)


async def test_routers_go_with_the_user_who_made_them(database: Database):
    user_id = await user(database)
    routers = RouterService(database)
    made = await routers.create(Actor(id=user_id, name="ann", key_id=3), new("hers"))
    await routers.create(ADMIN, new("mine"))
    assert made.user_id == user_id
    await UserService(database, Passwords()).delete(ADMIN, user_id)
    left, _ = await routers.list(Page())
    assert [each.name for each in left] == ["mine"]
