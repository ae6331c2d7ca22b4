"""A gateway with accounts and without models: it needs a database, and no Triton."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from administered import ROOT, Administered, administered
from sqlmodel import select

from control_plane.models.schemas import NewModel
from control_plane.models.service import ModelService
from control_plane.routers.tables import Router
from control_plane.settings import AccountSettings

__all__ = ["PASSWORD", "ROOT", "Site", "gateway"]

PASSWORD = "correct horse"


@dataclass
class Site(Administered):
    """A gateway whose accounts matter."""

    async def role(self, *permissions: str, **fields: object) -> int:
        name = f"role {next(self.numbers)}"
        return await self.made("/admin/roles", {"name": name, "permissions": list(permissions), **fields})

    async def user(self, *permissions: str, **fields: object) -> int:
        body = {
            "email": f"user{next(self.numbers)}@example.org",
            "password": PASSWORD,
            "role": fields.pop("role", None) or await self.role(*permissions),
        }
        return await self.made("/admin/users", {**body, **fields})

    async def key(self, user: int, **fields: object) -> str:
        answer = await self.call("POST", "/admin/tokens", {"name": "test", "user": user, **fields})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    async def router(self) -> int:
        """A new router's id."""
        name = f"model-{next(self.numbers)}"
        await ModelService(self.database).add(NewModel(name=name, source="file:/nowhere"))
        async with self.database.reading() as session:
            found = (await session.exec(select(Router.id).where(Router.name == name))).one()
        assert found is not None
        return found


def gateway(
    url: str,
    folder: Path,
    accounts: AccountSettings = AccountSettings(),  # noqa: B008 - it is frozen
) -> AbstractAsyncContextManager[Site]:
    """A gateway that runs as long as the block."""
    return administered(Site, url, folder, accounts=accounts)
