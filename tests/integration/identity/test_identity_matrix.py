"""Every route that is described, of every API, as every kind of caller: none is left out."""

import pytest
import pytest_asyncio
from identity_callers import KINDS, REFUSED, make_callers
from identity_site import Site

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

UNKNOWN = "2147483647"
ADMINS = "User has no admin rights."
RIGHTS = "Insufficient rights."
OPEN = ("/health", "/v1/auth/login", "/uploads/", "/v2/health/")
"""Beginnings of the paths that want no key."""

MAY = {
    "plain user": frozenset(),
    "user with all but admin": frozenset({"read_metric", "provide_models"}),
    "root account's other key": frozenset(),
    "administrator": frozenset({"admin"}),
    "root": frozenset({"admin", "read_metric", "provide_models"}),
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def callers(site: Site) -> dict[str, str | None]:
    return await make_callers(site)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def operations(site: Site) -> list[tuple[str, str]]:
    described = (await site.client.get("/docs/openapi.json")).json()["paths"]
    return [(method.upper(), path) for path, methods in described.items() for method in methods]


def wanted(method: str, path: str) -> tuple[frozenset[str], str]:
    """Permissions of which a caller needs one, and what it hears without."""
    if path == "/metrics":
        return frozenset({"read_metric"}), RIGHTS
    if not path.startswith("/v1/admin/"):
        return frozenset(), ""
    if path.startswith("/v1/admin/providers"):
        if method in {"GET", "PATCH"}:
            return frozenset({"admin", "provide_models"}), RIGHTS
        return frozenset({"admin"}), ADMINS
    if path.startswith("/v1/admin/routers") and method != "PATCH":
        return frozenset({"admin"}), ADMINS
    return frozenset({"admin"}), RIGHTS


async def test_there_are_routes_of_every_api(operations: list[tuple[str, str]]):
    assert {
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/embeddings"),
        ("POST", "/v1/rerank"),
        ("GET", "/v1/me/usage"),
        ("PATCH", "/v1/admin/providers/{provider}"),
        ("POST", "/text-vectorisation"),
        ("GET", "/builds"),
        ("GET", "/metrics"),
    } <= set(operations)


@pytest.mark.parametrize("caller", KINDS)
async def test_every_route_by_caller(
    site: Site, callers: dict[str, str | None], operations: list[tuple[str, str]], caller: str
):
    key = callers[caller]
    headers = {"authorization": f"Bearer {key}"} if key else {}
    for method, path in operations:
        if path.startswith(OPEN) or path == "/v2":
            continue
        place = "/".join(UNKNOWN if part.startswith("{") else part for part in path.split("/"))
        body = {} if method in {"POST", "PATCH", "PUT"} else None
        answer = await site.client.request(method, place, headers=headers, json=body)
        said = (caller, method, path, answer.status_code, answer.text)
        permissions, refusal = wanted(method, path)
        ours = path.startswith("/v1/") or path == "/metrics"
        if caller == "expired account" and (method, path) == ("GET", "/v1/me/info"):
            assert answer.status_code == 200, said
        elif caller in REFUSED:
            assert answer.status_code in {401, 403}, said
            if ours:
                assert (answer.status_code, answer.json()["detail"]) == REFUSED[caller], said
        elif permissions and not permissions & MAY[caller]:
            assert (answer.status_code, answer.json()) == (403, {"detail": refusal}), said
        else:
            assert answer.status_code not in {401, 403}, said
            assert answer.status_code < 500, said
