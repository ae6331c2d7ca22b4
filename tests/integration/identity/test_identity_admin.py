"""Organizations, roles, users and tokens over HTTP, as the contract has them."""

import asyncio
import time

import pytest
from identity_site import PASSWORD, ROOT, Site

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


async def test_an_organization_from_its_beginning_to_its_end(site: Site):
    number = await site.made("/admin/organizations", {"name": "  acme  ", "unknown": 1})
    body = (await site.call("GET", f"/admin/organizations/{number}")).json()
    created = body.pop("created")
    assert abs(created - time.time()) < 60
    assert body == {"object": "organization", "id": number, "name": "acme", "users": 0, "updated": created}
    answer = await site.call("PATCH", f"/admin/organizations/{number}", {"name": "acme & sons"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    assert (await site.call("PATCH", f"/admin/organizations/{number}", {})).status_code == 204
    again = await site.call("POST", "/admin/organizations", {"name": "acme & sons"})
    assert (again.status_code, again.json()) == (409, {"detail": "Organization already exists."})
    assert (await site.call("DELETE", f"/admin/organizations/{number}")).status_code == 204
    for method in ("GET", "DELETE"):
        gone = await site.call(method, f"/admin/organizations/{number}")
        assert (gone.status_code, gone.json()) == (404, {"detail": "Organization not found."})


async def test_a_user_from_its_beginning_to_its_end(site: Site):
    organization = await site.made("/admin/organizations", {"name": "the user's"})
    role = await site.role()
    end = int(time.time()) + 3600
    number = await site.user(
        role=role, name="Ann", organization=organization, budget=2.5, expires=end, priority=None
    )
    body = (await site.call("GET", f"/admin/users/{number}")).json()
    assert set(body) == {
        *("object", "id", "email", "name", "sub", "iss", "role", "organization", "budget", "expires"),
        *("created", "updated", "priority"),
    }
    assert (body["object"], body["role"], body["organization"], body["budget"]) == (
        "user",
        role,
        organization,
        2.5,
    )
    assert (body["budget"], body["expires"], body["priority"]) == (2.5, end, 0)
    assert (await site.call("GET", f"/admin/roles/{role}")).json()["users"] == 1
    assert (await site.call("PATCH", f"/admin/users/{number}", {"name": "Anna"})).status_code == 204
    body = (await site.call("GET", f"/admin/users/{number}")).json()
    assert (body["name"], body["organization"], body["budget"], body["expires"]) == ("Anna", None, None, None)
    key = await site.key(number)
    assert (await site.call("GET", "/me/info", key=key)).status_code == 200
    assert (await site.call("DELETE", f"/admin/users/{number}")).status_code == 204
    refused = await site.call("GET", "/me/info", key=key)
    assert (refused.status_code, refused.json()) == (403, {"detail": "Invalid API key."})


async def test_filters_of_the_users_list(site: Site):
    role = await site.role()
    ids = [await site.user(role=role) for _ in range(3)]
    email = (await site.call("GET", f"/admin/users/{ids[1]}")).json()["email"]

    async def listed(**query: object) -> object:
        answer = await site.call("GET", "/admin/users", params=query)
        return [user["id"] for user in answer.json()["data"]] if answer.is_success else answer.json()

    assert await listed(role=role) == ids
    assert await listed(role=role, order_by="created", order_direction="desc", limit=2) == ids[:0:-1]
    assert await listed(role=role, sort_by="id", sort_order="desc", offset=2) == ids[:1]
    assert await listed(email=email) == [ids[1]]
    assert await listed(role=2**31 - 1) == []
    assert await listed(email="nobody@example.org") == {"detail": "User not found."}


async def test_a_token_works_at_once_and_until_it_is_deleted(site: Site):
    user = await site.user()
    answer = await site.call("POST", "/admin/tokens", {"name": " laptop ", "user": user})
    assert set(answer.json()) == {"id", "token"}
    secret, number = answer.json()["token"], answer.json()["id"]
    assert secret.startswith("sk-")
    for headers in ({"authorization": f"Bearer {secret}"}, {"x-api-key": secret}):
        assert (await site.client.get("/v1/me/info", headers=headers)).json()["id"] == user
    assert (await site.client.get("/models", headers={"x-api-key": secret})).status_code == 200
    seen = (await site.call("GET", f"/admin/tokens/{number}")).json()
    del seen["created"]
    masked = f"{secret[:8]}...{secret[-8:]}"
    assert seen == {
        "object": "token", "id": number, "name": "laptop", "token": masked, "user": user, "expires": None
    }  # fmt: skip
    listed = await site.call("GET", "/admin/tokens", params={"user": user})
    assert [each["id"] for each in listed.json()["data"]] == [number]
    deleted = await site.call("DELETE", f"/admin/tokens/{number}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    refused = await site.call("GET", "/me/info", key=secret)
    assert (refused.status_code, refused.json()) == (403, {"detail": "Invalid API key."})
    gone = await site.call("GET", f"/admin/tokens/{number}")
    assert (gone.status_code, gone.json()) == (404, {"detail": "Token not found."})


async def test_of_equal_names_at_the_same_moment_one_is_made(site: Site):
    role = await site.role()
    for path, body, detail in (
        ("/admin/organizations", {"name": "same"}, "Organization already exists."),
        ("/admin/roles", {"name": "same"}, "Role already exists."),
        ("/admin/users", {"email": "same", "password": "x", "role": role}, "User already exists."),
    ):
        answers = await asyncio.gather(*(site.call("POST", path, body) for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
        assert {answer.json().get("detail") for answer in answers} == {None, detail}


async def test_a_role_change_is_in_force_from_the_next_request_on(site: Site):
    role = await site.role()
    key = await site.key(await site.user(role=role))
    refused = await site.call("GET", "/admin/roles", key=key)
    assert (refused.status_code, refused.json()) == (403, {"detail": "Insufficient rights."})
    await site.call("PATCH", f"/admin/roles/{role}", {"permissions": ["admin", "admin"]})
    assert (await site.call("GET", "/admin/roles", key=key)).status_code == 200
    await site.call("PATCH", f"/admin/roles/{role}", {"permissions": []})
    assert (await site.call("GET", "/admin/roles", key=key)).status_code == 403


async def test_the_audit_log_tells_who_changed_what(site: Site):
    key = await site.key(await site.user("admin"))
    me = (await site.call("GET", "/me/info", key=key)).json()
    answer = await site.call("POST", "/admin/organizations", {"name": "audited"}, key=key)
    number = answer.json()["id"]
    await site.call("PATCH", f"/admin/organizations/{number}", {"name": "renamed"})
    query = {"target": "organization", "target_id": number}
    entries = (await site.call("GET", "/admin/audit", params=query)).json()["data"]
    assert [(each["action"], each["actor"], each["actor_name"]) for each in entries] == [
        ("update", 0, "master"),
        ("create", me["id"], me["email"]),
    ]
    assert (entries[0]["before"], entries[0]["after"]) == ({"name": "audited"}, {"name": "renamed"})
    assert abs(entries[0]["created"] - time.time()) < 60
    whole = (await site.call("GET", "/admin/audit", params={"limit": 100})).text
    assert PASSWORD not in whole
    assert key not in whole
    assert ROOT not in whole
