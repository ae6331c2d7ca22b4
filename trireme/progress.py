"""Progress and logs of builds, shown in a terminal."""

import asyncio
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from control_plane.builds.logs import BuildLogs
from control_plane.builds.schemas import BuildSummary
from control_plane.builds.service import BuildService
from control_plane.builds.tables import UNFINISHED, BuildStatus
from control_plane.db.engine import Database
from gateway.apis.builds.schemas import Build

POLL_SECONDS = 0.2

Shown = BuildSummary | Build
"""A build as the database tells it, and as a gateway does."""


async def follow(database: Database, builds: Sequence[int], console: Console) -> list[BuildSummary]:
    """Show builds until all have ended, and say why those failed that did.

    On a terminal each build is a bar; elsewhere each new stage is a line.

    Returns:
        the builds that did not succeed.

    """
    service = BuildService(database)
    view = view_on(console)
    with view.progress:
        ended: dict[int, BuildSummary] = {}
        while len(ended) < len(builds):
            for build_id in builds:
                if build_id in ended:
                    continue
                build = await service.get(build_id)
                view.show(build)
                if build.status not in UNFINISHED:
                    ended[build_id] = build
            await asyncio.sleep(POLL_SECONDS)
    failed = [build for build in ended.values() if build.status is not BuildStatus.SUCCEEDED]
    for build in failed:
        _explain(build, console)
    return failed


async def follow_log(database: Database, build_id: int, write: Callable[[str], None]) -> None:
    """Write a build's log, what there is and what comes, until the build ends."""
    logs, position, ended = BuildLogs(database), 0, False
    while not ended:
        pieces, ended = await logs.after(build_id, position)
        for piece in pieces:
            for line in piece.text.splitlines():
                write(f"{piece.stage:9} {line}")
            position = piece.id
        if not pieces and not ended:
            await asyncio.sleep(POLL_SECONDS)


def _explain(build: BuildSummary, console: Console) -> None:
    console.print(Text.assemble((build.status, "bold red"), f" {build.model}: {build.message}"))
    if build.hint:
        console.print(f"  {build.hint}", style="dim")
    if build.stages and build.stages[-1].log:
        console.print(f"  log: {build.stages[-1].log}", style="dim", soft_wrap=True)


def view_on(console: Console) -> "Bars | Lines":
    """What shows builds there; enter its `progress` first."""
    return Bars(console) if console.is_terminal else Lines(console)


class Bars:
    """One bar a build."""

    def __init__(self, console: Console) -> None:
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[model]}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[doing]}", markup=False),
            TimeElapsedColumn(),
            console=console,
        )
        self._tasks: dict[int, TaskID] = {}

    def show(self, build: Shown) -> None:
        """Tell how far a build is."""
        if build.id not in self._tasks:
            self._tasks[build.id] = self.progress.add_task("", total=100, model=build.model, doing="")
        self.progress.update(self._tasks[build.id], completed=build.percent, doing=_doing(build))


class Lines:
    """One line whenever a build reaches another stage."""

    def __init__(self, console: Console) -> None:
        self.progress = Progress(console=console, disable=True)
        self._shown: dict[int, str] = {}

    def show(self, build: Shown) -> None:
        """Tell of a build that is in another stage than before."""
        step = f"{build.stage or 'waiting'}" if build.status in UNFINISHED else build.status
        if self._shown.get(build.id) != step:
            self._shown[build.id] = step
            self.progress.console.print(f"{build.model}: {step}")


def _doing(build: Shown) -> str:
    if build.status not in UNFINISHED:
        return str(build.status)
    return f"{build.stage or 'waiting'} {build.message}".strip()
