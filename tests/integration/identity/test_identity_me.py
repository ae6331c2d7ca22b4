"""What callers see and change of themselves, and how they log in."""

import time
from pathlib import Path

import pytest
from identity_site import PASSWORD, ROOT, Site, gateway

from control_plane.settings import AccountSettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


async def test_a_user_sees_its_permissions_and_the_limits_that_grant_something(site: Site):
    router = await site.router()
    limits = [
        {"router": router, "type": "rpm", "value": 5},
        {"router": router, "type": "rpd", "value": 0},
        {"router": router, "type": "tpm", "value": None},
    ]
    role = await site.role("read_metric", limits=limits)
    user = await site.user(role=role, name="Ann", budget=1.25, priority=2)
    info = (await site.call("GET", "/me/info", key=await site.key(user))).json()
    email = (await site.call("GET", f"/admin/users/{user}")).json()["email"]
    assert info.pop("created") == info.pop("updated")
    assert info == {
        "object": "userInfo",
        "id": user,
        "email": email,
        "name": "Ann",
        "organization": None,
        "budget": 1.25,
        "permissions": ["read_metric"],
        "limits": [limits[0], limits[2]],
        "expires": None,
        "priority": 2,
    }


async def test_the_root_key_is_the_master_of_all_routers(site: Site):
    router = await site.router()
    made = await site.role()  # any write on this gateway refreshes what it serves
    await site.call("PATCH", f"/admin/roles/{made}", {})
    info = (await site.call("GET", "/me/info")).json()
    limits = info.pop("limits")
    assert info == {
        "object": "userInfo",
        "id": 0,
        "email": "master",
        "name": "master",
        "organization": 0,
        "budget": None,
        "permissions": ["admin", "create_public_collection", "provide_models", "read_metric"],
        "expires": None,
        "priority": 0,
        "created": 0,
        "updated": 0,
    }
    mine = [limit for limit in limits if limit["router"] == router]
    assert sorted(limit["type"] for limit in mine) == ["rpd", "rpm", "tpd", "tpm"]
    assert {limit["value"] for limit in limits} == {None}


async def test_the_root_account_cannot_be_changed_or_given_keys(site: Site):
    missing = {"detail": "User not found."}
    for method, path, body in (("PATCH", "/me/info", {"name": "x"}), ("POST", "/me/keys", {"name": "x"})):
        answer = await site.call(method, path, body)
        assert (answer.status_code, answer.json()) == (404, missing)
    listed = (await site.call("GET", "/me/keys", params={"limit": 100})).json()["data"]
    assert "root" not in {key["name"] for key in listed}
    assert (await site.call("DELETE", "/me/keys/1")).status_code == 404


async def test_defect_4_a_change_touches_nothing_that_administrators_decide(site: Site):
    organization = await site.made("/admin/organizations", {"name": "of defect 4"})
    end = int(time.time()) + 3600
    user = await site.user(organization=organization, budget=3.5, expires=end, priority=1)
    before = (await site.call("GET", f"/admin/users/{user}")).json()
    key = await site.key(user)
    answer = await site.call("PATCH", "/me/info", {"name": "Ann", "budget": 99, "role": 1}, key=key)
    assert (answer.status_code, answer.content) == (204, b"")
    after = (await site.call("GET", f"/admin/users/{user}")).json()
    assert after.pop("updated") >= before.pop("updated")
    assert after == {**before, "name": "Ann"}


async def test_defect_12_a_stolen_key_does_not_take_the_account_over(site: Site):
    key = await site.key(await site.user())
    answer = await site.call("PATCH", "/me/info", {"password": "mine now"}, key=key)
    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert (problem["type"], problem["loc"]) == ("value_error", ["body"])
    wrong = {"password": "mine now", "current_password": "guess"}
    answer = await site.call("PATCH", "/me/info", wrong, key=key)
    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid current password."})
    right = {"password": "mine", "current_password": PASSWORD}
    assert (await site.call("PATCH", "/me/info", right, key=key)).status_code == 204


async def test_keys_of_ones_own(site: Site):
    user, other = await site.user(), await site.user()
    key, foreign = await site.key(user), await site.key(other)
    end = int(time.time()) + 600
    answer = await site.call("POST", "/me/keys", {"name": " ci ", "expires": float(end)}, key=key)
    made = answer.json()
    assert answer.status_code == 201
    assert set(made) == {"id", "key", "token"}
    assert made["key"] == made["token"]
    seen = (await site.call("GET", f"/me/keys/{made['id']}", key=made["key"])).json()
    del seen["created"]
    masked = f"{made['key'][:8]}...{made['key'][-8:]}"
    assert seen == {"object": "key", "id": made["id"], "name": "ci", "token": masked, "expires": end}
    for method in ("GET", "DELETE"):
        refused = await site.call(method, f"/me/keys/{made['id']}", key=foreign)
        assert (refused.status_code, refused.json()) == (404, {"detail": "Token not found."})
    listed = (await site.call("GET", "/me/keys", key=key, params={"order_by": "name"})).json()
    assert [each["name"] for each in listed["data"]] == ["ci", "test"]
    assert (await site.call("DELETE", f"/me/keys/{made['id']}", key=key)).status_code == 204
    assert (await site.call("GET", "/me/keys", key=made["key"])).status_code == 403


async def test_a_login_gives_a_session_and_ends_the_one_before(site: Site):
    user = await site.user()
    email = (await site.call("GET", f"/admin/users/{user}")).json()["email"]
    body = {"email": f" {email} ", "password": PASSWORD}
    first, second = [await site.call("POST", "/auth/login", body, key=None) for _ in range(2)]
    assert second.status_code == 200
    assert set(second.json()) == {"id", "key"}
    assert second.json()["id"] == user
    assert (await site.call("GET", "/me/info", key=first.json()["key"])).status_code == 403
    listed = (await site.call("GET", "/me/keys", key=second.json()["key"])).json()["data"]
    assert [key["name"] for key in listed] == ["playground"]
    assert abs(listed[0]["expires"] - time.time() - 3600) < 60


@pytest.mark.parametrize(
    ("email", "password", "status", "detail"),
    [
        ("master", "wrong", 401, "Invalid current password."),
        ("nobody@example.org", PASSWORD, 404, "User not found."),
    ],
)
async def test_logins_that_fail(site: Site, email: str, password: str, status: int, detail: str):
    answer = await site.call("POST", "/auth/login", {"email": email, "password": password}, key=None)
    assert (answer.status_code, answer.json()) == (status, {"detail": detail})


async def test_the_root_key_logs_in_as_master(site: Site):
    answer = await site.call("POST", "/auth/login", {"email": "master", "password": ROOT}, key=None)
    assert (answer.status_code, answer.json()) == (200, {"id": 0, "key": ROOT})


async def test_a_wrong_password_and_an_expired_account(site: Site):
    user = await site.user()
    email = (await site.call("GET", f"/admin/users/{user}")).json()["email"]
    answer = await site.call("POST", "/auth/login", {"email": email, "password": "x"}, key=None)
    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid current password."})
    end = int(time.time()) + 1
    await site.call("PATCH", f"/admin/users/{user}", {"expires": end + 1})
    body = {"email": email, "password": PASSWORD}
    while (answer := await site.call("POST", "/auth/login", body, key=None)).status_code == 200:
        pass
    assert time.time() >= end
    assert (answer.status_code, answer.json()) == (403, {"detail": "Invalid API key."})


async def test_logins_are_throttled_and_keys_limited_in_life(tmp_path: Path):
    strict = AccountSettings(key_max_days=30, logins_per_email=2, logins_per_address=5)
    async with gateway(f"sqlite+aiosqlite:///{tmp_path}/strict.db", tmp_path, strict) as site:

        async def attempt(email: str) -> int:
            body = {"email": email, "password": "wrong"}
            return (await site.call("POST", "/auth/login", body, key=None)).status_code

        assert [await attempt("ann") for _ in range(3)] == [404, 404, 429]
        assert [await attempt(f"other {number}") for number in range(3)] == [404, 404, 429]
        answer = await site.call("POST", "/auth/login", {"email": "z", "password": ROOT}, key=None)
        assert answer.headers["retry-after"] == "60"
        assert answer.json() == {"detail": "Too many login attempts, please try again later."}

        key = await site.key(await site.user())
        answer = await site.call("GET", "/me/keys", key=key)
        assert abs(answer.json()["data"][0]["expires"] - time.time() - 30 * 86_400) < 60
        long = {"name": "x", "expires": int(time.time()) + 31 * 86_400}
        answer = await site.call("POST", "/me/keys", long, key=key)
        detail = "Token expiration timestamp cannot be greater than 30 days from now."
        assert (answer.status_code, answer.json()) == (400, {"detail": detail})
