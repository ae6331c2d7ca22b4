"""`trireme models versions|promote|rollback|split|shadow`: which versions answer, and how."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from control_plane.deployments.exposure import MAX_ERROR_SHARE, Exposure, Place
from trireme.cli.options import Config, Data, settings
from trireme.cli.owned import Name, Owner, follow_build, with_owner
from trireme.settings import Settings
from trireme.terminal import terminal

if TYPE_CHECKING:
    from control_plane.db.engine import Database
    from control_plane.deployments.service import DeploymentService

Number = Annotated[int, typer.Argument(help="Number of the version.")]
MaybeNumber = Annotated[int | None, typer.Argument(help="Number of the version; none with --end.")]
Share = Annotated[float, typer.Option(help="Share of the requests, 0 to 1.", min=0, max=1)]
End = Annotated[bool, typer.Option("--end", help="End it.")]


def versions(name: Name, account: Owner = None, data: Data = None, config: Config = None) -> None:
    """List versions: their part in the traffic, and what they did there in the last hour."""
    from control_plane.deployments.service import DeploymentService

    async def run(db: "Database", owner: int | None) -> Table:
        table = Table("version", "state", "share", "requests", "failed", "p99 ms", "differing", "", box=None)
        for version in await DeploymentService(db).versions(owner, name):
            tally = version.tally
            figures = (
                (
                    f"{tally.requests}",
                    f"{tally.error_share:.1%}",
                    f"{tally.p99_ms:.0f}",
                    f"{tally.differing}",
                )
                if tally
                else ("",) * 4
            )
            exposure = version.exposure
            share = f"{exposure.share:.0%}" if exposure and exposure.place is not Place.ACTIVE else ""
            table.add_row(str(version.number), version.state, share, *figures, version.remark)
        return table

    terminal().print(with_owner(settings(data, config), account, run))


def promote(
    name: Name, version: Number, account: Owner = None, data: Data = None, config: Config = None
) -> None:
    """Let a version answer all requests; any whose files are kept."""
    _change(settings(data, config), account, lambda service, owner: service.promote(owner, name, version))


def rollback(name: Name, account: Owner = None, data: Data = None, config: Config = None) -> None:
    """Withdraw the canary; without one put the last good version before the present one back into service."""
    _change(settings(data, config), account, lambda service, owner: service.rollback(owner, name))


def split(
    name: Name,
    version: MaybeNumber = None,
    share: Share = 0.1,
    max_errors: Annotated[
        float, typer.Option(help="Share of failures from which it goes back, 0 to 1.", min=0, max=1)
    ] = MAX_ERROR_SHARE,
    max_p99_ms: Annotated[
        float | None, typer.Option(help="Milliseconds that 99 of 100 requests may take.", show_default=False)
    ] = None,
    end: End = False,
    account: Owner = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Let a version answer a share of the requests; it goes back by itself when it passes a limit."""
    exposure = Exposure(Place.CANARY, share, max_errors, max_p99_ms)
    _expose(settings(data, config), account, name, version, exposure, end=end)


def shadow(
    name: Name,
    version: MaybeNumber = None,
    share: Share = 1.0,
    end: End = False,
    account: Owner = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Send a version copies of requests and count what it answers otherwise; callers see nothing of it."""
    exposure = Exposure(Place.SHADOW, share)
    _expose(settings(data, config), account, name, version, exposure, end=end)


def _expose(
    loaded: Settings, account: str | None, name: str, version: int | None, exposure: Exposure, *, end: bool
) -> None:
    if end == (version is not None):
        raise typer.BadParameter("give the number of a version, or --end")

    async def change(service: "DeploymentService", owner: int | None) -> int | None:
        if version is not None:
            return await service.expose(owner, name, version, exposure)
        await service.withdraw(owner, name, exposure.place)
        return None

    _change(loaded, account, change)


def _change(
    loaded: Settings,
    account: str | None,
    change: "Callable[[DeploymentService, int | None], Awaitable[int | None]]",
) -> None:
    from control_plane.deployments.service import DeploymentService

    async def run(db: "Database", owner: int | None) -> bool:
        build = await change(DeploymentService(db), owner)
        return build is None or await follow_build(loaded, db, build, wait=True)

    if not with_owner(loaded, account, run):
        raise typer.Exit(1)
