"""Providers added by hand: probed first, kept with their secrets sealed, consistent within a router."""

import pytest
from control_plane_examples import add_and_deploy
from identity_examples import ADMIN
from sqlmodel import select

from control_plane import catalog
from control_plane.audit.service import AuditService
from control_plane.db.engine import Database
from control_plane.errors import (
    ConflictError,
    IncompatibleProviderError,
    InconsistentProviderError,
    ProviderNotFoundError,
    RouterNotFoundError,
    UnreachableProviderError,
)
from control_plane.models.service import ModelService
from control_plane.paging import Page
from control_plane.routers.administration import RouterService
from control_plane.routers.kinds import ProviderKind, QosMetric, RouterType
from control_plane.routers.measures import Capabilities, capabilities_of
from control_plane.routers.providers import ProviderService
from control_plane.routers.resealing import reseal
from control_plane.routers.schemas import NewProvider, NewRouter, ProviderPatch, RouterPatch
from control_plane.routers.tables import Provider
from control_plane.secret_box import SecretBox, new_key
from control_plane.snapshot import read_catalog
from model_repository.manifest import Task

OLD, NEW = new_key(), new_key()
EMBEDDING, CHAT = RouterType.EMBEDDING, RouterType.TEXT_GENERATION


class Asked:
    """Stands for the gateway, which asks upstreams over HTTP: here each says what its name is bound to."""

    def __init__(self) -> None:
        self.answers: dict[str, Capabilities] = {}
        self.seen: list[tuple[catalog.Provider, RouterType]] = []

    async def __call__(self, provider: catalog.Provider, router_type: RouterType) -> Capabilities:
        self.seen.append((provider, router_type))
        if provider.graphs:
            return capabilities_of(provider.graphs)
        if provider.model_name not in self.answers:
            raise UnreachableProviderError(f"Model provider {provider.model_name} not reachable.")
        return self.answers[provider.model_name]


@pytest.fixture
def asked() -> Asked:
    asked = Asked()
    asked.answers = {"e5": Capabilities(512, 8), "long": Capabilities(1024, 8), "wide": Capabilities(512, 9)}
    return asked


@pytest.fixture
async def providers(database: Database, asked: Asked) -> ProviderService:
    """Two embedding routers, 1 and 2, and one for chats, 3."""
    for name, kind in (("embed", EMBEDDING), ("other", EMBEDDING), ("chat", CHAT)):
        await RouterService(database).create(ADMIN, NewRouter(name=name, type=kind))
    return ProviderService(database, box=SecretBox([OLD]), probe=asked)


def new(router: int = 1, name: str = "e5", **fields: object) -> NewProvider:
    given = {"kind": ProviderKind.VLLM, "url": "http://gpu:8000/"} | fields
    return NewProvider(router=router, model_name=name, **given)  # type: ignore[arg-type]


async def test_a_provider_keeps_what_it_was_given_and_its_secret_sealed(
    database: Database, providers: ProviderService, asked: Asked
):
    made = await providers.create(ADMIN, new(key="sk-upstream", zone="FRA", total_params=8, weight=3))
    assert (made.id, made.user_id, made.router_id, made.zone, made.weight) == (1, 0, 1, "FRA", 3)
    assert made.key == "********"
    assert (made.max_context_length, made.vector_size) == (512, 8)
    assert await providers.get(1) == made
    assert (await providers.create(ADMIN, new(2))).key is None
    router = await RouterService(database).get(1)
    assert (router.max_context_length, router.vector_size, router.providers) == (512, 8, 1)
    (held,) = (await read_catalog(database)).routers[None, "embed"].providers
    assert held.secret is not None
    assert b"upstream" not in held.secret
    assert "secret" not in repr(held)
    assert SecretBox([OLD]).open(held.secret) == "sk-upstream"
    (probed, router_type), *_ = asked.seen
    assert (probed.url, probed.model_name, router_type) == ("http://gpu:8000/", "e5", EMBEDDING)
    entries = await AuditService(database).list(Page(), kind="provider")
    assert "upstream" not in str(entries)


async def test_checks_come_in_the_published_order(providers: ProviderService):
    with pytest.raises(RouterNotFoundError, match=r"^Model router 9 not found\.$"):
        await providers.create(ADMIN, new(9, "nowhere", kind=ProviderKind.MISTRAL))
    wrong = r"^Invalid model provider type mistral for text-embeddings-inference router\.$"
    with pytest.raises(IncompatibleProviderError, match=wrong):
        await providers.create(ADMIN, new(1, "nowhere", kind=ProviderKind.MISTRAL))
    with pytest.raises(UnreachableProviderError, match=r"^Model provider nowhere not reachable\.$"):
        await providers.create(ADMIN, new(1, "nowhere"))
    await providers.create(ADMIN, new())
    for name, told in (
        ("long", "Inconsistent max context length for embed. Expected: 512. Actual: 1024"),
        ("wide", "Inconsistent vector size for embed. Expected: 8. Actual: 9"),
    ):
        with pytest.raises(InconsistentProviderError) as caught:
            await providers.create(ADMIN, new(1, name))
        assert caught.value.message == told
    twice = r"^Model provider e5 for url http://gpu:8000/ already exists for router 1\.$"
    with pytest.raises(ConflictError, match=twice):
        await providers.create(ADMIN, new())
    await providers.create(ADMIN, new(url="http://other:8000/"))
    listed = await providers.list(Page(order_by="created"), router_id=1)
    assert [each.url for each in listed] == ["http://gpu:8000/", "http://other:8000/"]


async def test_a_length_that_nobody_tells_fits_every_other(providers: ProviderService, asked: Asked):
    asked.answers["untold"] = Capabilities(None, 8)
    await providers.create(ADMIN, new(1, "untold"))
    await providers.create(ADMIN, new(1, "e5"))


async def test_the_default_url_is_the_service_of_the_kind(providers: ProviderService):
    made = await providers.create(ADMIN, new(kind=ProviderKind.OPENAI, url=None))
    assert made.url == "https://api.openai.com/"


async def test_a_patch_changes_what_it_names_and_null_ends_a_policy(providers: ProviderService):
    first = await providers.create(ADMIN, new(qos_metric=QosMetric.INFLIGHT, qos_limit=4.0))
    await providers.update(ADMIN, 1, ProviderPatch())
    same = await providers.get(1)
    assert (same.qos_metric, same.qos_limit) == ("inflight", 4.0)
    assert same.updated_at > first.updated_at
    await providers.update(ADMIN, 1, ProviderPatch(timeout=7, zone="WOR", weight=0, qos_metric=None))
    changed = await providers.get(1)
    assert (changed.timeout, changed.weight, changed.qos_metric, changed.qos_limit) == (7, 0, None, None)
    with pytest.raises(ProviderNotFoundError, match=r"^Model provider not found\.$"):
        await providers.update(ADMIN, 9, ProviderPatch())


async def test_a_move_is_checked_like_an_addition(providers: ProviderService):
    await providers.create(ADMIN, new(1))
    await providers.create(ADMIN, new(2))
    await providers.create(ADMIN, new(2, url="http://second:8000/"))
    with pytest.raises(ConflictError, match=r"^provider already exists for the new router\.$"):
        await providers.update(ADMIN, 2, ProviderPatch(router=1))
    with pytest.raises(RouterNotFoundError, match=r"^Model router not found\.$"):
        await providers.update(ADMIN, 2, ProviderPatch(router=9))
    await providers.update(ADMIN, 3, ProviderPatch(router=1))
    assert (await providers.get(3)).router_id == 1
    await providers.update(ADMIN, 3, ProviderPatch(router=3))
    tei = await providers.create(ADMIN, new(2, kind=ProviderKind.TEI, url="http://tei:80/"))
    with pytest.raises(IncompatibleProviderError, match=r"^New router type is not compatible with the"):
        await providers.update(ADMIN, tei.id, ProviderPatch(router=3))


async def test_a_move_to_a_router_of_another_size_is_refused(database: Database, providers: ProviderService):
    for router_id, name in ((1, "e5"), (2, "long")):
        await providers.create(ADMIN, new(router_id, name))
    with pytest.raises(InconsistentProviderError, match=r"^Inconsistent model max context length\.$"):
        await providers.update(ADMIN, 2, ProviderPatch(router=1))
    await providers.delete(ADMIN, 2)
    await providers.create(ADMIN, new(2, "wide"))
    with pytest.raises(InconsistentProviderError, match=r"^Inconsistent model vector size\.$"):
        await providers.update(ADMIN, 3, ProviderPatch(router=1))
    await providers.create(ADMIN, new(1, kind=ProviderKind.TEI, url="http://tei/"))
    with pytest.raises(IncompatibleProviderError, match="Invalid model provider type tei"):
        await RouterService(database).update(ADMIN, 1, RouterPatch(type=CHAT))


async def test_a_provider_that_was_asked_for_no_vector_answers_for_no_embeddings(
    database: Database, providers: ProviderService, asked: Asked
):
    asked.answers["llama"] = Capabilities(512)
    await providers.create(ADMIN, new(1))
    chat = await providers.create(ADMIN, new(3, "llama"))
    for embedding in (1, 2):
        with pytest.raises(InconsistentProviderError, match=r"^Inconsistent model vector size\.$"):
            await providers.update(ADMIN, chat.id, ProviderPatch(router=embedding))
    with pytest.raises(IncompatibleProviderError, match="has not been asked for a vector"):
        await RouterService(database).update(ADMIN, 3, RouterPatch(type=EMBEDDING))
    await providers.update(ADMIN, 1, ProviderPatch(router=3))
    await providers.update(ADMIN, 1, ProviderPatch(router=2))
    assert (await providers.get(1)).router_id == 2


async def test_a_deleted_provider_is_told_once_more(providers: ProviderService):
    made = await providers.create(ADMIN, new())
    assert await providers.delete(ADMIN, 1) == made
    with pytest.raises(ProviderNotFoundError, match=r"^Model provider 1 not found\.$"):
        await providers.delete(ADMIN, 1)
    with pytest.raises(ProviderNotFoundError, match=r"^Model provider not found\.$"):
        await providers.get(1)
    assert (await providers.create(ADMIN, new())).id == 2


async def test_a_triton_provider_serves_whatever_version_of_its_model_is_active(
    database: Database, providers: ProviderService
):
    with pytest.raises(UnreachableProviderError):
        await providers.create(ADMIN, new(1, "mini", kind=ProviderKind.TRITON, url=None))
    await add_and_deploy(database, "mini")
    with pytest.raises(UnreachableProviderError):
        await providers.create(ADMIN, new(3, "mini", kind=ProviderKind.TRITON, url=None))
    made = await providers.create(ADMIN, new(1, "mini", kind=ProviderKind.TRITON, url=None))
    router = await RouterService(database).get(1)
    assert (made.url, router.max_context_length, router.vector_size) == ("", 16, 4)

    async def version() -> int:
        served = (await read_catalog(database)).resolve(1, Task.EMBEDDING, "embed")
        return served.able(Task.EMBEDDING)[0].graphs[0].version

    assert await version() == 1
    await add_and_deploy(database, "mini")
    assert await version() == 2
    own = next(each for each in await providers.list(Page()) if each.id != made.id)
    for refused in (
        providers.delete(ADMIN, own.id),
        providers.update(ADMIN, own.id, ProviderPatch(router=2)),
    ):
        with pytest.raises(ConflictError, match="belongs to the deployed model mini"):
            await refused
    await providers.update(ADMIN, own.id, ProviderPatch(weight=5))
    await ModelService(database).remove(None, "mini")
    assert await providers.list(Page()) == []


async def test_secrets_are_sealed_anew_with_a_new_key(
    database: Database, asked: Asked, providers: ProviderService
):
    await providers.create(ADMIN, new(key="sk-upstream"))
    await providers.create(ADMIN, new(2))
    assert await reseal(database, SecretBox([NEW, OLD])) == 1
    async with database.reading() as session:
        (sealed, _) = await session.exec(select(Provider.secret).order_by(Provider.id))  # type: ignore[arg-type]
    assert sealed is not None
    assert SecretBox([NEW]).open(sealed) == "sk-upstream"
