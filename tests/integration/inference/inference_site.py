"""A gateway on a real socket whose models are elsewhere: it needs a database, and no Triton."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from administered import ROOT, Administered, administered
from vendors import SECRET

from gateway.settings import GatewaySettings

__all__ = ["ROOT", "Site", "gateway"]


@dataclass
class Site(Administered):
    """A gateway whose models matter."""

    async def model(self, url: str, kind: str, router_type: str = "text-generation", **fields: object) -> str:
        """Name of a new model that a provider elsewhere answers for."""
        name = f"model-{next(self.numbers)}"
        router = {"name": name, "type": router_type, **fields}
        provider = {
            "router": await self.made("/admin/routers", router),
            "type": kind,
            "url": url,
            "key": SECRET,
            "model_name": "real-name",
            "timeout": 20,
        }
        await self.made("/admin/providers", provider)
        return name

    async def user(self, *models: str, limits: dict[str, int | None] | None = None, **fields: object) -> str:
        """Key of a new user whose role has these models."""
        routers = {each["name"]: each["id"] for each in (await self.routers())}
        wanted = {"rpm": None, "rpd": None, "tpm": None, "tpd": None} | (limits or {})
        granted = [
            {"router": routers[model], "type": kind, "value": value}
            for model in models
            for kind, value in wanted.items()
        ]
        number = next(self.numbers)
        role = await self.made("/admin/roles", {"name": f"role {number}", "limits": granted})
        account = {"email": f"user{number}@example.org", "password": "correct horse", "role": role, **fields}
        user = await self.made("/admin/users", account)
        answer = await self.call("POST", "/admin/tokens", {"name": "test", "user": user})
        return str(answer.json()["token"])

    async def routers(self) -> list[dict[str, object]]:
        answer = await self.call("GET", "/admin/routers?limit=100")
        return list(answer.json()["data"])


def gateway(
    url: str,
    folder: Path,
    settings: GatewaySettings = GatewaySettings(),  # noqa: B008 - it is frozen
) -> AbstractAsyncContextManager[Site]:
    """A gateway that runs as long as the block."""
    return administered(Site, url, folder, settings=settings)
