"""Routers and providers over HTTP, with fakes of vendors behind them."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from identity_site import Site
from upstream_fakes import SECRET, Upstream, upstream

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

TYPES = (("POST", ""), ("GET", "/{0}"), ("DELETE", "/{0}"), ("PATCH", "/{0}"), ("GET", ""))
UNKNOWN = 2**31 - 1


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fake() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        yield running


async def router(site: Site, kind: str = "text-embeddings-inference", **fields: object) -> int:
    name = f"router {next(site.numbers)}"
    return await site.made("/admin/routers", {"name": name, "type": kind, **fields})


def provider(router_id: int, url: str, kind: str = "vllm", **fields: object) -> dict[str, object]:
    return {"router": router_id, "type": kind, "url": url, "model_name": "e5", **fields}


async def detail(site: Site, method: str, path: str, body: object = None) -> tuple[int, object]:
    answer = await site.call(method, path, body)
    return answer.status_code, answer.json()["detail"]


async def test_a_router_is_made_changed_and_removed(site: Site):
    answer = await site.call(
        "POST", "/admin/routers", {"name": " parley ", "type": "text-generation", "aliases": ["palaver"]}
    )
    made = answer.json()
    assert answer.status_code == 201
    assert made == {
        "id": made["id"],
        "name": "parley",
        "type": "text-generation",
        "aliases": ["palaver"],
        "load_balancing_strategy": "shuffle",
        "cost_prompt_tokens": 0.0,
        "cost_completion_tokens": 0.0,
    }
    path = f"/admin/routers/{made['id']}"
    again = {"name": "parley", "type": "text-generation"}
    assert await detail(site, "POST", "/admin/routers", again) == (409, "Router parley already exists.")
    taken = {"name": "other", "type": "text-generation", "aliases": ["palaver", "x"]}
    assert await detail(site, "POST", "/admin/routers", taken) == (
        409,
        "Following aliases already exist: '['palaver']'",
    )
    changed = await site.call("PATCH", path, {"aliases": [], "cost_prompt_tokens": 2})
    assert (changed.status_code, changed.content) == (204, b"")
    seen = (await site.call("GET", path)).json()
    assert (seen["object"], seen["user_id"], seen["providers"], seen["aliases"]) == ("router", 0, 0, [])
    assert (seen["vector_size"], seen["max_context_length"], seen["cost_prompt_tokens"]) == (None, None, 2)
    listed = (await site.call("GET", "/admin/routers?sort_by=name&sort_order=desc&offset=5000")).json()
    assert (listed["data"], listed["offset"], listed["limit"]) == ([], 5000, 10)
    assert listed["total"] >= 1
    gone = await site.call("DELETE", path)
    assert (gone.status_code, gone.json()) == (200, {**seen, "updated": gone.json()["updated"]})
    assert await detail(site, "GET", path) == (404, f"Model router {made['id']} not found.")
    assert await detail(site, "PATCH", path, {}) == (404, "Model router not found.")


@pytest.mark.parametrize(
    "body",
    [
        {"name": "  ", "type": "text-generation"},
        {"name": "x"},
        {"name": "x", "type": "chat"},
        {"name": "x", "type": "text-generation", "aliases": [""]},
        {"name": "x", "type": "text-generation", "aliases": ["a" * 65]},
        {"name": "x", "type": "text-generation", "cost_prompt_tokens": -1},
        {"name": "x", "type": "text-generation", "load_balancing_strategy": "random"},
    ],
)
async def test_malformed_routers_are_told_what_is_wrong(site: Site, body: dict[str, object]):
    answer = await site.call("POST", "/admin/routers", body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "body"


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "tei", "url": None},
        {"type": "vllm", "url": None},
        {"url": "gpu:8000"},
        {"timeout": 0},
        {"timeout": 1.5},
        {"model_name": " "},
        {"qos_metric": "inflight"},
        {"qos_metric": "speed", "qos_limit": 1},
        {"qos_metric": "inflight", "qos_limit": -1},
        {"model_hosting_zone": "fra"},
        {"model_hosting_zone": "XXX"},
        {"model_total_params": -1},
        {"weight": -1},
        {"router": "one"},
    ],
)
async def test_malformed_providers_are_told_what_is_wrong(
    site: Site, fake: Upstream, fields: dict[str, object]
):
    answer = await site.call("POST", "/admin/providers", {**provider(1, fake.at("vllm")), **fields})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "body"


@pytest.mark.parametrize("kind", ["vllm", "openai", "albert", "tei"])
async def test_each_kind_is_probed_in_its_own_way(site: Site, fake: Upstream, kind: str):
    number = await router(site)
    fake.asked.clear()
    answer = await site.call(
        "POST", "/admin/providers", provider(number, fake.at(kind), kind, key=SECRET, timeout=9)
    )
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["url"] == fake.at(kind) + "/"
    assert (made["key"], made["timeout"], made["model_hosting_zone"]) == ("********", 9, "WOR")
    assert made["created"] > 0
    assert "object" not in made
    assert SECRET not in (await site.call("GET", f"/admin/providers/{made['id']}")).text
    listing = "/info" if kind == "tei" else "/v1/models"
    probes = [ask for ask in fake.asked if ask[0] == kind][:2]
    assert [path for _, path, _, _ in probes] == [listing, "/v1/embeddings"]
    assert {key for _, _, key, _ in probes} == {f"Bearer {SECRET}"}
    assert probes[1][3]["model"] == "e5"
    seen = (await site.call("GET", f"/admin/routers/{number}")).json()
    length = None if kind == "openai" else 512
    assert (seen["vector_size"], seen["max_context_length"], seen["providers"]) == (4, length, 1)


@pytest.mark.parametrize("router_type", ["text-generation", "image-to-text", "automatic-speech-recognition"])
async def test_mistral_is_asked_for_its_list_of_models(site: Site, fake: Upstream, router_type: str):
    fake.asked.clear()
    body = provider(await router(site, router_type), fake.at("mistral"), "mistral", key=SECRET)
    answer = await site.call("POST", "/admin/providers", body)
    assert answer.status_code == 201, answer.text
    # The monitor may look as well, and asks for nothing else.
    asked = {(path, key) for vendor, path, key, _ in fake.asked if vendor == "mistral"}
    assert asked == {("/v1/models", f"Bearer {SECRET}")}
    absent = await detail(site, "POST", "/admin/providers", {**body, "model_name": "e6"})
    assert absent == (424, "Model provider e6 not reachable.")


async def test_mistral_embeds_nothing_here(site: Site, fake: Upstream):
    body = provider(await router(site), fake.at("mistral"), "mistral")
    said = "Invalid model provider type mistral for text-embeddings-inference router."
    assert await detail(site, "POST", "/admin/providers", body) == (400, said)


@pytest.mark.parametrize("where", ["html", "failing", "shapeless", "twins", "leaky", "nowhere"])
async def test_what_cannot_be_used_is_not_added(site: Site, fake: Upstream, where: str):
    body = provider(await router(site), fake.at(where), key=SECRET)
    assert await detail(site, "POST", "/admin/providers", body) == (424, "Model provider e5 not reachable.")
    body = {**body, "url": "http://127.0.0.1:1/"}
    assert await detail(site, "POST", "/admin/providers", body) == (424, "Model provider e5 not reachable.")


async def test_a_model_that_is_absent_upstream_is_not_added(site: Site, fake: Upstream):
    body = provider(await router(site), fake.at("vllm"), model_name="e6")
    assert await detail(site, "POST", "/admin/providers", body) == (424, "Model provider e6 not reachable.")


async def test_rules_of_providers_have_their_words(site: Site, fake: Upstream):
    number = await router(site)
    body = provider(number, fake.at("vllm"))
    unknown = {**body, "router": UNKNOWN}
    assert await detail(site, "POST", "/admin/providers", unknown) == (
        404,
        f"Model router {UNKNOWN} not found.",
    )
    wrong = {**body, "type": "mistral"}
    assert await detail(site, "POST", "/admin/providers", wrong) == (
        400,
        "Invalid model provider type mistral for text-embeddings-inference router.",
    )
    made = await site.made("/admin/providers", body)
    status, said = await detail(site, "POST", "/admin/providers", body)
    assert (status, said) == (
        409,
        f"Model provider e5 for url {fake.at('vllm')}/ already exists for router {number}.",
    )
    fake.dimensions = 5
    status, said = await detail(site, "POST", "/admin/providers", provider(number, fake.at("second")))
    fake.dimensions = 4
    assert status == 403
    assert str(said).endswith("Expected: 4. Actual: 5")
    path = f"/admin/providers/{made}"
    assert (await site.call("PATCH", path, {"qos_metric": "inflight"})).status_code == 422
    policy = {"qos_metric": "inflight", "qos_limit": 2}
    assert (await site.call("PATCH", path, policy)).status_code == 204
    assert (await site.call("PATCH", path, {"timeout": None})).status_code == 204
    kept = (await site.call("GET", path)).json()
    assert (kept["qos_metric"], kept["qos_limit"], kept["timeout"]) == ("inflight", 2, 300)
    await site.call("PATCH", path, {"qos_metric": None})
    ended = (await site.call("GET", path)).json()
    assert (ended["qos_metric"], ended["qos_limit"], ended["object"]) == (None, None, "provider")
    listed = (await site.call("GET", f"/admin/providers?router={number}")).json()
    assert [each["id"] for each in listed["data"]] == [made]
    assert (await site.call("DELETE", path)).json() == ended
    assert await detail(site, "GET", path) == (404, "Model provider not found.")
    assert await detail(site, "PATCH", path, {}) == (404, "Model provider not found.")
    assert await detail(site, "DELETE", path) == (404, f"Model provider {made} not found.")


async def test_permissions_have_the_words_of_their_route(site: Site):
    plain = await site.key(await site.user())
    providing = await site.key(await site.user("provide_models"))
    admins = "User has no admin rights."
    for noun, words in (
        ("routers", (admins, admins, admins, "Insufficient rights.", admins)),
        ("providers", (admins, None, admins, None, None)),
    ):
        for (method, path), word in zip(TYPES, words, strict=True):
            where = f"/admin/{noun}{path.format(UNKNOWN)}"
            body = {} if method in {"POST", "PATCH"} else None
            refused = await site.call(method, where, body, key=plain)
            assert (refused.status_code, refused.json()["detail"]) == (403, word or "Insufficient rights.")
            answer = await site.call(method, where, body, key=providing)
            assert (answer.status_code == 403) == (word is not None), (method, where)


async def test_callers_see_the_models_that_their_role_may_use(site: Site, fake: Upstream):
    granted, other, closed = [
        await router(site, aliases=[f"al/{n}-{site.client.base_url.port}"]) for n in "abc"
    ]
    for number in (granted, other, closed):
        await site.made("/admin/providers", provider(number, fake.at("vllm")))
    empty = await router(site)
    limits = [
        {"router": granted, "type": "rpm", "value": None},
        {"router": closed, "type": "rpm", "value": 0},
    ]
    limits += [{"router": empty, "type": "rpm", "value": 5}]
    organization = await site.made("/admin/organizations", {"name": f"org {next(site.numbers)}"})
    key = await site.key(await site.user(role=await site.role(limits=limits), organization=organization))
    names = {
        number: (await site.call("GET", f"/admin/routers/{number}")).json() for number in (granted, other)
    }
    (seen,) = (await site.call("GET", "/models", key=key)).json()["data"]
    assert seen == {
        "object": "model",
        "id": names[granted]["name"],
        "type": "text-embeddings-inference",
        "aliases": names[granted]["aliases"],
        "created": names[granted]["created"],
        "owned_by": "Trireme",
        "max_context_length": 512,
        "costs": {"prompt_tokens": 0.0, "completion_tokens": 0.0},
    }
    alias = names[granted]["aliases"][0]
    assert (await site.call("GET", f"/models/{alias}", key=key)).json() == seen
    for hidden in (names[other]["name"], names[other]["aliases"][0], "nobody/knows"):
        answer = await site.call("GET", f"/models/{hidden}", key=key)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Model not found."})
    everything = {each["id"] for each in (await site.call("GET", "/models")).json()["data"]}
    assert {names[granted]["name"], names[other]["name"]} <= everything
    for number in (granted, other, closed, empty):
        await site.call("DELETE", f"/admin/routers/{number}")
