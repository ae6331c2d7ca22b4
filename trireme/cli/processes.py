"""`trireme serve`, and its parts alone: `gateway`, `worker`, `triton`, `mirror`."""

import asyncio
import gc
import shlex
import signal
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console

from model_repository.errors import RepositoryError
from trireme import logs
from trireme.cli.options import Config, Data, Set, settings
from trireme.settings import Settings, SettingsError
from trireme.terminal import terminal

Host = Annotated[
    str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]", show_default=False)
]
Port = Annotated[
    int | None, typer.Option(help="Port to listen on, 0 for any. [default: 8000]", show_default=False)
]
Workers = Annotated[
    int | None, typer.Option(help="Gateway processes on this address. [default: 1]", show_default=False)
]
Catalogue = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Models to install: starter (needs no hub), full, none, or a TOML file. [default: starter]",
        show_default=False,
    ),
]
Insecure = Annotated[
    bool | None,
    typer.Option("--insecure", help="Take a root key that can be guessed.", show_default=False),
]

LOAD_SECONDS = 300.0
"""Time for Triton to load, after a restart, all that was in service before."""


def register(app: typer.Typer) -> None:
    """Add the commands that run processes."""
    for command in (serve, gateway, worker, triton, mirror):
        app.command()(command)


def serve(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    workers: Workers = None,
    catalogue: Catalogue = None,
    insecure: Insecure = None,
    config: Config = None,
    assignments: Set = None,
) -> None:
    """Run everything on this machine: Triton, the worker, the gateway.

    Prints `ready http://HOST:PORT` once the catalogue's models answer. Ctrl-C drains and stops every process;
    starting again finds all state.
    """
    flags = {"host": host, "port": port, "gateway.workers": workers, "catalogue": catalogue}
    loaded = settings(data, config, assignments, **flags, insecure=insecure)
    log_file = loaded.log.file or str(loaded.logs / "supervisor.log")
    logs.configure(replace(loaded.log, file=log_file))

    async def run() -> None:
        from trireme.progress import follow
        from trireme.supervisor import StartError, running

        console = terminal(soft_wrap=True)

        async with running(loaded) as service:
            if not loaded.root_key:
                console.print(f"root key in {loaded.root_key_file.absolute()}")
            failed = await follow(service.database, service.builds, terminal(stderr=True))
            try:
                await service.wait("/health/ready", LOAD_SECONDS)
            except StartError as error:
                console.print(error.message, style="yellow")
            _announce(console, loaded, service.address, working=not failed)
            await asyncio.Event().wait()

    _until_signal(run)


def _announce(console: Console, loaded: Settings, address: str, *, working: bool) -> None:
    key = "$TRIREME_ROOT_KEY" if loaded.root_key else f"$(cat {shlex.quote(str(loaded.root_key_file))})"
    console.print(f"ready {address}")
    if working:
        console.print(
            f'curl -s {address}/text-vectorisation -H "x-api-key: {key}" '
            "-H 'content-type: application/json' -d '{\"text\": \"a galley with three rows of oars\"}'"
        )


def gateway(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    workers: Workers = None,
    config: Config = None,
    assignments: Set = None,
) -> None:
    """Run a gateway alone, or several. It needs the database, the model repository and TRIREME_TRITON_URLS.

    Several have a supervisor that starts those again that die; their logs lie in the data folder.
    """
    flags = {"host": host, "port": port, "gateway.workers": workers}
    loaded = settings(data, config, assignments, **flags)
    logs.configure(loaded.log)

    async def run_several() -> None:
        from trireme.supervisor import gateways

        async with gateways(loaded):
            await asyncio.Event().wait()

    async def run() -> None:
        from gateway.app import create_app
        from gateway.server import serve as serve_http
        from trireme.data_folder import secret_keys
        from trireme.state import database, storage, uploads

        async with database(loaded) as db:
            app = create_app(
                loaded.gateway,
                database=db,
                storage=storage(loaded),
                triton_urls=loaded.triton.urls,
                triton_http_urls=loaded.triton.http_urls,
                uploads=uploads(loaded),
                upload_settings=loaded.uploads,
                secret_keys=secret_keys(loaded),
                accounts=loaded.accounts,
            )
            await serve_http(app, loaded.gateway)

    # Those that a supervisor starts know by the setting that they share the address, and have no flag.
    if (workers or 1) > 1:
        _until_signal(run_several)
    else:
        gc.disable()  # until it serves, see `gateway.server`
        uvloop.run(run())


def worker(
    gpus: Annotated[
        int | None,
        typer.Option("--gpu", help="GPUs that it offers to jobs.", min=0, show_default=False),
    ] = None,
    jobs: Annotated[
        bool,
        typer.Option("--jobs", help="Only run jobs of the scheduler; implied by --gpu where there is one."),
    ] = False,
    data: Data = None,
    config: Config = None,
    assignments: Set = None,
) -> None:
    """Run a worker alone: it builds, rolls out and keeps Triton's models right.

    With a scheduler (`jobs.scheduler`) `--jobs` and `--gpu N` make it a job worker instead: it runs the
    conversions that other workers submit, and needs the data folder but no database.
    """
    loaded = settings(data, config, assignments, **{"jobs.gpus": gpus})
    logs.configure(loaded.log)

    async def run_jobs() -> None:
        from control_plane.job_worker import JobWorker

        await JobWorker(loaded.jobs).run()

    async def run() -> None:
        from control_plane.worker import Worker
        from trireme.state import database, storage, uploads

        async with database(loaded) as db:
            await Worker(
                db,
                storage=storage(loaded),
                triton_urls=loaded.triton.urls,
                settings=loaded.jobs,
                workspaces=loaded.builds,
                plans=loaded.tensorrt.options(loaded.plans),
                uploads=uploads(loaded),
            ).run()

    only_jobs = jobs or (loaded.jobs.scheduler is not None and bool(gpus))
    if not (only_jobs or loaded.triton.urls):
        raise SettingsError(
            "no inference server is configured, into which a worker could load models",
            hint="Set triton.urls; `trireme serve` brings a server along.",
        )
    _until_signal(run_jobs if only_jobs else run)


def triton(data: Data = None, config: Config = None, assignments: Set = None) -> None:
    """Run the embedded Triton alone, restarted when it dies, and print its addresses for gRPC and HTTP."""
    loaded = settings(data, config, assignments)
    logs.configure(loaded.log)

    async def run() -> None:
        from trireme.supervisor import embedded_triton

        async with embedded_triton(loaded) as server:
            typer.echo(f"ready {server.url} {server.http_url}")
            await asyncio.Event().wait()

    _until_signal(run)


def mirror(
    data: Data = None,
    config: Config = None,
    once: Annotated[bool, typer.Option("--once", help="Copy what is missing, then end.")] = False,
    assignments: Set = None,
) -> None:
    """Keep the folder `mirror` in the data folder equal to the bucket's models, for a Triton on this host."""
    loaded = settings(data, config, assignments)
    logs.configure(loaded.log)
    from trireme.state import mirror as open_mirror

    copy = open_mirror(loaded)
    if not once:
        _until_signal(lambda: copy.keep(loaded.s3.poll_seconds))
    elif failed := copy.sweep():
        raise RepositoryError(f"not copied: {', '.join(failed)}", hint="The lines above say why.")


def _until_signal(run: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run until it ends by itself or SIGINT or SIGTERM cancels it; its cleanup finishes either way."""

    async def main() -> None:
        task = asyncio.ensure_future(run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            return

    asyncio.run(main())
