"""Who may call what: every administrative route as every kind of caller, and every way to be refused."""

import pytest
import pytest_asyncio
from identity_callers import INVALID, MISSING, REFUSED, make_callers
from identity_site import ROOT, Site

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

ADMIN_ROUTES = [
    *(
        (method, f"/admin/{noun}{path}")
        for noun in ("organizations", "roles", "users", "tokens")
        for method, path in (
            ("POST", ""),
            ("GET", ""),
            ("GET", "/{0}"),
            ("PATCH", "/{0}"),
            ("DELETE", "/{0}"),
        )
        if (noun, method) != ("tokens", "PATCH")
    ),
    ("GET", "/admin/audit"),
]
OWN_ROUTES = [
    ("GET", "/me/info"),
    ("PATCH", "/me/info"),
    ("POST", "/me/keys"),
    ("GET", "/me/keys"),
    ("GET", "/me/keys/{0}"),
    ("DELETE", "/me/keys/{0}"),
]
UNKNOWN = str(2**31 - 1)
RIGHTS = (403, "Insufficient rights.")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def callers(site: Site) -> dict[str, str | None]:
    return await make_callers(site)


def outcome(answer: object) -> tuple[int, object]:
    return answer.status_code, answer.json()["detail"] if answer.content else None  # type: ignore[attr-defined]


WITHOUT_ADMIN = {
    "plain user": RIGHTS,
    "user with all but admin": RIGHTS,
    "root account's other key": RIGHTS,
}


@pytest.mark.parametrize(("method", "path"), ADMIN_ROUTES, ids=map(" ".join, ADMIN_ROUTES))
async def test_administrative_routes_by_caller(
    site: Site, callers: dict[str, str | None], method: str, path: str
):
    for caller, key in callers.items():
        answer = await site.call(
            method, path.format(UNKNOWN), {} if method in {"POST", "PATCH"} else None, key=key
        )
        if expected := {**REFUSED, **WITHOUT_ADMIN}.get(caller):
            assert outcome(answer) == expected, caller
        else:
            allowed = {"POST": 422, "PATCH": 404, "DELETE": 404, "GET": 404 if "{0}" in path else 200}
            assert answer.status_code == allowed[method], (caller, answer.text)


@pytest.mark.parametrize(("method", "path"), OWN_ROUTES, ids=map(" ".join, OWN_ROUTES))
async def test_own_routes_by_caller(site: Site, callers: dict[str, str | None], method: str, path: str):
    for caller, key in callers.items():
        answer = await site.call(
            method, path.format(UNKNOWN), {} if method in {"POST", "PATCH"} else None, key=key
        )
        if caller == "expired account" and (method, path) == ("GET", "/me/info"):
            assert answer.status_code == 200
        elif expected := REFUSED.get(caller):
            assert outcome(answer) == expected, caller
        else:
            assert answer.status_code in {200, 204, 404, 422}, (caller, answer.text)


@pytest.mark.parametrize(
    ("header", "status", "detail"),
    [
        ("Basic dXNlcjpwYXNz", *MISSING),
        ("Bearer", *MISSING),
        (f"{ROOT}x", *MISSING),
        (f"bearer {ROOT}", 403, "Invalid authentication scheme."),
        (f"BEARER {ROOT}", 403, "Invalid authentication scheme."),
        (f"Bearer {ROOT}x", *INVALID),
        (f"Bearer x{ROOT}", *INVALID),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjox", *INVALID),
    ],
)
async def test_credentials_that_are_none(site: Site, header: str, status: int, detail: str):
    answer = await site.client.get("/v1/admin/users/x", headers={"authorization": header})
    assert outcome(answer) == (status, detail)
    assert answer.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/models", 401),
        ("GET", "/models/x", 401),
        ("POST", "/admin/routers", 401),
        ("GET", "/admin/routers/1", 401),
        ("POST", "/admin/providers", 401),
        ("GET", "/admin/providers", 403),
        ("DELETE", "/admin/providers/1", 403),
        ("GET", "/admin/roles", 403),
        ("POST", "/chat/completions", 403),
    ],
)
async def test_a_wrong_scheme_by_route(site: Site, method: str, path: str, status: int):
    answer = await site.client.request(
        method, f"/v1{path}", headers={"authorization": f"bearer {ROOT}"}, json={}
    )
    assert outcome(answer) == (status, "Invalid authentication scheme.")


@pytest.mark.parametrize(
    "path", ["/models", "/builds", "/v1/models", "/v1/me/info", "/v1/admin/roles", "/metrics"]
)
async def test_one_key_opens_every_api_however_it_travels(site: Site, path: str):
    key = await site.key(await site.user("admin", "read_metric"))
    for name, value in (
        ("x-api-key", "{}"),
        ("authorization", "{}"),
        ("authorization", "Bearer {}"),
    ):
        answer = await site.client.get(path, headers={name: value.format(key)})
        assert answer.status_code == 200, (name, value, answer.text)
        wrong = await site.client.get(path, headers={name: value.format(key + "x")})
        assert wrong.status_code in {401, 403}, (name, value)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1", {"detail": "Not Found"}),
        ("/v1/nowhere", {"detail": "Not Found"}),
        ("/metrics", {"detail": "Method Not Allowed"}),
        ("/v2", {"error": "Method Not Allowed"}),
        ("/v2/nowhere", {"error": "Not Found"}),
        ("/builds", {"message": "Method Not Allowed", "hint": ""}),
        ("/deployments/a/nothing", {"message": "Not Found", "hint": ""}),
        ("/v1more", {"message": "Not Found"}),
        ("/text-vectorisation", {"message": "Method Not Allowed"}),
    ],
)
async def test_each_api_says_so_in_its_own_body(site: Site, path: str, body: dict[str, str]):
    answer = await site.client.delete(path)
    assert answer.json() == body
    assert answer.status_code == (405 if "Method Not Allowed" in body.values() else 404)


async def test_unknown_paths_and_methods(site: Site):
    missing = await site.call("GET", "/nothing/here")
    assert (missing.status_code, missing.json()) == (404, {"detail": "Not Found"})
    wrong = await site.call("PUT", "/admin/roles")
    assert (wrong.status_code, wrong.json()) == (405, {"detail": "Method Not Allowed"})
    assert {"GET", "POST"} <= {method.strip() for method in wrong.headers["allow"].split(",")}
    assert (await site.client.get("/health")).json() == {"status": "ok"}
