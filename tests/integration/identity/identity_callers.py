"""Every kind of caller, and how those are refused who are nobody."""

import time

from identity_site import ROOT, Site

from control_plane.accounts.keys import KeyService

INVALID = (403, "Invalid API key.")
MISSING = (401, "Not authenticated")
REFUSED = {
    "nobody": MISSING,
    "unknown key": INVALID,
    "truncated key": INVALID,
    "deleted user": INVALID,
    "deleted key": INVALID,
    "expired key": INVALID,
    "expired account": INVALID,
}
KINDS = (
    *REFUSED,
    "plain user",
    "user with all but admin",
    "root account's other key",
    "administrator",
    "root",
)


async def make_callers(site: Site) -> dict[str, str | None]:
    """A key of each kind."""
    reader = await site.role("read_metric", "provide_models", "create_public_collection")
    deleted = await site.user("admin")
    orphan = await site.key(deleted)
    await site.call("DELETE", f"/admin/users/{deleted}")
    admin = await site.user("admin")
    answer = await site.call("POST", "/admin/tokens", {"name": "x", "user": admin})
    await site.call("DELETE", f"/admin/tokens/{answer.json()['id']}")
    expiring = await site.user("admin", expires=int(time.time()) + 2)
    short = await site.key(admin, expires=int(time.time()) + 2)
    outdated = await site.key(expiring)
    command_line = await KeyService(site.database).create("root", "a second key of the root account")
    for key in (short, outdated):
        while (await site.call("GET", "/me/keys", key=key)).status_code == 200:
            pass
    return {
        "nobody": None,
        "unknown key": "sk-" + "x" * 43,
        "truncated key": ROOT[:-1],
        "deleted user": orphan,
        "deleted key": answer.json()["token"],
        "expired key": short,
        "expired account": outdated,
        "plain user": await site.key(await site.user()),
        "user with all but admin": await site.key(await site.user(role=reader)),
        "root account's other key": command_line.secret,
        "administrator": await site.key(admin),
        "root": ROOT,
    }
