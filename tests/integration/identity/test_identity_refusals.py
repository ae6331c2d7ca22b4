"""Everything that the contract wants refused here: each row by its name, with what is wrong told."""

from typing import Any

import pytest
from identity_site import ROOT, Site

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PAST, FUTURE = 1_600_000_000, 4_000_000_000
USER = {"email": "x@example.org", "password": "secret", "role": 2**31 - 1}
ORGANIZATION = "/admin/organizations"
LIMIT = {"router": 2**31 - 1, "type": "rpm", "value": 1}

BODIES: list[tuple[str, str, object, str, list[object]]] = [
    ("a name of blanks", ORGANIZATION, {"name": "  \t"}, "string_too_short", ["body", "name"]),
    ("an empty name", ORGANIZATION, {"name": ""}, "string_too_short", ["body", "name"]),
    ("no name", ORGANIZATION, {}, "missing", ["body", "name"]),
    ("a number for a name", ORGANIZATION, {"name": 5}, "string_type", ["body", "name"]),
    ("a null name", ORGANIZATION, {"name": None}, "string_type", ["body", "name"]),
    ("a name that is too long", ORGANIZATION, {"name": "x" * 256}, "string_too_long", ["body", "name"]),
    ("a zero byte", ORGANIZATION, {"name": "a\0b"}, "string_pattern_mismatch", ["body", "name"]),
    ("an array for an object", ORGANIZATION, [], "model_attributes_type", ["body"]),
    ("a string for an object", ORGANIZATION, "x", "model_attributes_type", ["body"]),
    ("an unknown permission", "/admin/roles", {"name": "x", "permissions": ["fly"]}, "enum",
     ["body", "permissions", 0]),
    ("null limits", "/admin/roles", {"name": "x", "limits": None}, "list_type", ["body", "limits"]),
    ("an unknown limit type", "/admin/roles", {"name": "x", "limits": [{**LIMIT, "type": "rph"}]}, "enum",
     ["body", "limits", 0, "type"]),
    ("a negative limit", "/admin/roles", {"name": "x", "limits": [{**LIMIT, "value": -1}]},
     "greater_than_equal", ["body", "limits", 0, "value"]),
    ("a limit beyond the database", "/admin/roles", {"name": "x", "limits": [{**LIMIT, "value": 2**63}]},
     "less_than_equal", ["body", "limits", 0, "value"]),
    ("the same limit twice", "/admin/roles", {"name": "x", "limits": [LIMIT, LIMIT]}, "value_error",
     ["body", "limits"]),
    ("a blank e-mail", "/admin/users", {**USER, "email": " "}, "string_too_short", ["body", "email"]),
    ("a blank user name", "/admin/users", {**USER, "name": " "}, "string_too_short", ["body", "name"]),
    ("an empty password", "/admin/users", {**USER, "password": ""}, "string_too_short", ["body", "password"]),
    ("73 bytes of password", "/admin/users", {**USER, "password": "é" * 36 + "x"}, "value_error",
     ["body", "password"]),
    ("a negative budget", "/admin/users", {**USER, "budget": -0.01}, "greater_than_equal",
     ["body", "budget"]),
    ("a budget that no database adds up", "/admin/users", {**USER, "budget": 1e300}, "less_than_equal",
     ["body", "budget"]),
    ("a price that no budget pays", "/admin/routers",
     {"name": "x", "type": "text-generation", "cost_prompt_tokens": 1e300}, "less_than_equal",
     ["body", "cost_prompt_tokens"]),
    ("a text for a budget", "/admin/users", {**USER, "budget": "much"}, "float_parsing", ["body", "budget"]),
    ("a negative priority", "/admin/users", {**USER, "priority": -1}, "greater_than_equal",
     ["body", "priority"]),
    ("a past expiry", "/admin/users", {**USER, "expires": PAST}, "value_error", ["body", "expires"]),
    ("a fractional expiry", "/admin/users", {**USER, "expires": FUTURE + 0.5}, "int_from_float",
     ["body", "expires"]),
    ("a text for an expiry", "/admin/users", {**USER, "expires": "soon"}, "int_parsing", ["body", "expires"]),
    ("an expiry beyond time", "/admin/users", {**USER, "expires": 10**15}, "less_than_equal",
     ["body", "expires"]),
    ("a fraction for a role", "/admin/users", {**USER, "role": 1.5}, "int_from_float", ["body", "role"]),
    ("no role", "/admin/users", {"email": "x", "password": "x"}, "missing", ["body", "role"]),
    ("a blank token name", "/admin/tokens", {"name": " ", "user": 1}, "string_too_short", ["body", "name"]),
    ("a past token", "/admin/tokens", {"name": "x", "user": 1, "expires": PAST}, "value_error",
     ["body", "expires"]),
    ("a blank key name", "/me/keys", {"name": " "}, "string_too_short", ["body", "name"]),
    ("a fractional key expiry", "/me/keys", {"name": "x", "expires": FUTURE + 0.5}, "int_from_float",
     ["body", "expires"]),
]  # fmt: skip


@pytest.mark.parametrize(("row", "path", "body", "kind", "where"), BODIES, ids=[row[0] for row in BODIES])
async def test_broken_bodies(site: Site, row: str, path: str, body: object, kind: str, where: list[object]):
    answer = await site.call("POST", path, body)
    assert answer.status_code == 422, answer.text
    (problem,) = answer.json()["detail"]
    assert (problem["type"], problem["loc"]) == (kind, where)
    assert {"type", "loc", "msg", "input"} <= set(problem)
    if kind == "value_error":
        assert problem["ctx"] == {"error": {}}
    if "expir" in row and kind == "value_error":
        assert problem["msg"].endswith("Wrong timestamp, must be in the future.")


async def test_several_errors_are_listed_together(site: Site):
    answer = await site.call("POST", "/admin/users", {"email": " ", "budget": -1})
    assert [(each["type"], each["loc"][-1]) for each in answer.json()["detail"]] == [
        ("string_too_short", "email"),
        ("missing", "password"),
        ("missing", "role"),
        ("greater_than_equal", "budget"),
    ]


@pytest.mark.parametrize(
    ("content", "kind", "where"),
    [
        (b"", "missing", ["body"]),
        (b'{"name": x}', "json_invalid", ["body", 9]),
        (b'{"name": "x"', "json_invalid", ["body", 12]),
        (b"\xff", "json_invalid", ["body", 0]),
        (b'{"name": "\\ud800"}', "json_invalid", None),
        (b'{"name": NaN}', "json_invalid", ["body", 9]),
        (b"[" * 100_000, "json_invalid", None),
        (b'{"name": 1' + b"0" * 400 + b"}", "string_type", ["body", "name"]),
    ],
)
async def test_bodies_that_are_no_json(site: Site, content: bytes, kind: str, where: list[object] | None):
    answer = await site.client.post(
        f"/v1{ORGANIZATION}", content=content, headers={"authorization": f"Bearer {ROOT}"}
    )
    assert answer.status_code == 422, answer.text
    (problem,) = answer.json()["detail"]
    assert problem["type"] == kind
    assert where is None or problem["loc"] == where


@pytest.mark.parametrize(
    ("path", "query", "kind", "where"),
    [
        ("/admin/roles/x", {}, "int_parsing", ["path", "role"]),
        ("/admin/organizations/1.5", {}, "int_parsing", ["path", "organization"]),
        ("/admin/users/99999999999", {}, "less_than_equal", ["path", "user"]),
        ("/admin/tokens/-1", {}, "greater_than_equal", ["path", "token"]),
        ("/me/keys/x", {}, "int_parsing", ["path", "key"]),
        ("/admin/roles", {"limit": 0}, "greater_than_equal", ["query", "limit"]),
        ("/admin/roles", {"limit": 101}, "less_than_equal", ["query", "limit"]),
        ("/admin/roles", {"limit": "ten"}, "int_parsing", ["query", "limit"]),
        ("/admin/users", {"offset": -1}, "greater_than_equal", ["query", "offset"]),
        ("/admin/users", {"role": "x"}, "int_parsing", ["query", "role"]),
        ("/admin/users", {"email": " "}, "string_too_short", ["query", "email"]),
        ("/admin/organizations", {"order_by": "users"}, "literal_error", ["query", "order_by"]),
        ("/admin/tokens", {"order_by": "updated"}, "literal_error", ["query", "order_by"]),
        ("/me/keys", {"order_direction": "up"}, "literal_error", ["query", "order_direction"]),
        ("/admin/roles", {"sort_by": "x"}, "literal_error", ["query", "sort_by"]),
    ],
)
async def test_broken_paths_and_queries(
    site: Site, path: str, query: dict[str, Any], kind: str, where: list[object]
):
    answer = await site.call("GET", path, params=query)
    assert answer.status_code == 422, answer.text
    (problem,) = answer.json()["detail"]
    assert (problem["type"], problem["loc"]) == (kind, where)


async def test_unknown_fields_and_parameters_are_ignored(site: Site):
    answer = await site.call("POST", ORGANIZATION, {"name": "tolerant", "default": True, "k": [1]})
    assert answer.status_code == 201
    assert (await site.call("GET", ORGANIZATION, params={"k": 1, "required": "maybe"})).status_code == 200


async def test_references_to_what_is_not_there(site: Site):
    role, unknown = await site.role(), 2**31 - 1
    user = await site.user(role=role)
    for method, path, body, detail in (
        ("POST", "/admin/users", USER, "Role not found."),
        ("POST", "/admin/users", {**USER, "role": role, "organization": unknown}, "Organization not found."),
        ("PATCH", f"/admin/users/{user}", {"role": unknown}, "Role not found."),
        ("PATCH", f"/admin/users/{user}", {"organization": 0}, "Organization not found."),
        ("POST", "/admin/tokens", {"name": "x", "user": unknown}, "User not found."),
        ("POST", "/admin/tokens", {"name": "x", "user": 0}, "User not found."),
        ("PATCH", f"/admin/roles/{role}", {"limits": [LIMIT]}, f"Model router {unknown} not found."),
        ("GET", "/admin/users/0", None, "User not found."),
        ("DELETE", "/admin/users/0", None, "User not found."),
        ("GET", "/admin/roles/0", None, "Role not found."),
    ):
        answer = await site.call(method, path, body)
        assert (answer.status_code, answer.json()) == (404, {"detail": detail})


async def test_defect_8_an_unknown_router_leaves_no_half_made_role(site: Site):
    answer = await site.call("POST", "/admin/roles", {"name": "half", "limits": [LIMIT]})
    assert (answer.status_code, answer.json()) == (404, {"detail": f"Model router {2**31 - 1} not found."})
    assert (await site.call("POST", "/admin/roles", {"name": "half"})).status_code == 201


async def test_defect_9_repeated_permissions_collapse(site: Site):
    role = await site.role("admin", "read_metric", "admin")
    assert (await site.call("GET", f"/admin/roles/{role}")).json()["permissions"] == ["admin", "read_metric"]


async def test_defect_10_clashes_of_a_patch(site: Site):
    first, second = await site.role(), await site.role()
    name = (await site.call("GET", f"/admin/roles/{first}")).json()["name"]
    answer = await site.call("PATCH", f"/admin/roles/{second}", {"name": name})
    assert (answer.status_code, answer.json()) == (409, {"detail": "Role already exists."})
    one, other = await site.user(), await site.user()
    email = (await site.call("GET", f"/admin/users/{one}")).json()["email"]
    answer = await site.call("PATCH", f"/admin/users/{other}", {"email": email})
    assert (answer.status_code, answer.json()) == (409, {"detail": "User already exists."})
    answer = await site.call("PATCH", "/me/info", {"email": email}, key=await site.key(other))
    assert (answer.status_code, answer.json()) == (409, {"detail": "User already exists."})
    numbers = [await site.made(ORGANIZATION, {"name": name}) for name in ("clash one", "clash two")]
    answer = await site.call("PATCH", f"{ORGANIZATION}/{numbers[1]}", {"name": "clash one"})
    detail = "Organization name already taken. Please, choose another one."
    assert (answer.status_code, answer.json()) == (409, {"detail": detail})


async def test_what_is_referred_to_cannot_be_deleted(site: Site):
    role = await site.role()
    organization = await site.made(ORGANIZATION, {"name": "not empty"})
    await site.user(role=role, organization=organization)
    answer = await site.call("DELETE", f"/admin/roles/{role}")
    assert (answer.status_code, answer.json()) == (409, {"detail": "Delete role with users is not allowed."})
    answer = await site.call("DELETE", f"{ORGANIZATION}/{organization}")
    detail = "Delete organization with users is not allowed."
    assert (answer.status_code, answer.json()) == (409, {"detail": detail})


async def test_the_reserved_email(site: Site):
    user = await site.user()
    for method, path, body, key in (
        ("POST", "/admin/users", {**USER, "email": " master "}, ROOT),
        ("PATCH", f"/admin/users/{user}", {"email": "master"}, ROOT),
        ("PATCH", "/me/info", {"email": "master"}, await site.key(user)),
    ):
        answer = await site.call(method, path, body, key=key)
        assert (answer.status_code, answer.json()) == (403, {"detail": "Reserved email."})


async def test_72_bytes_of_password_are_fine(site: Site):
    password = "é" * 36
    user = await site.user()
    email = (await site.call("GET", f"/admin/users/{user}")).json()["email"]
    assert (await site.call("PATCH", f"/admin/users/{user}", {"password": password})).status_code == 204
    answer = await site.call("POST", "/auth/login", {"email": email, "password": password}, key=None)
    assert answer.status_code == 200
    wrong = {"email": email, "password": password[:-1] + "e"}
    assert (await site.call("POST", "/auth/login", wrong, key=None)).status_code == 401
