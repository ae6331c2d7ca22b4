"""Jobs on a real dask cluster of processes: killed workers, missing resources, a scheduler that goes away."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import psutil
import pytest
from distributed import LocalCluster
from site_under_test import SETTINGS

from control_plane import jobs
from control_plane.errors import JobError, JobLostError, MissingResourcesError
from control_plane.jobs import JobEngine
from converters.spec import BuildCancelledError, BuildSpec, ConversionError, Stage, StageEvent

pytestmark = pytest.mark.integration


class Listener:
    """Gathers events, and tells when a stage has begun."""

    def __init__(self) -> None:
        self.events: list[StageEvent] = []
        self.begun = {stage: asyncio.Event() for stage in Stage}
        self.kept = asyncio.Event()

    def __call__(self, event: StageEvent) -> None:
        self.events.append(event)
        self.begun[event.stage].set()
        if event.message == "kept from an earlier run":
            self.kept.set()


@pytest.fixture
async def cluster() -> AsyncIterator[LocalCluster]:
    async with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", asynchronous=True
    ) as started:
        yield started


@pytest.fixture
async def engine(cluster: LocalCluster) -> AsyncIterator[JobEngine]:
    started = JobEngine(replace(SETTINGS, scheduler=cluster.scheduler_address))
    assert await started.ready()
    yield started
    await started.close()


def spec(source: str) -> BuildSpec:
    return BuildSpec(build_id="7", owner="global", name="mini", version=1, source=source, threads=1)


async def test_a_job_survives_the_death_of_its_worker(
    cluster: LocalCluster, engine: JobEngine, source: str, tmp_path: Path
):
    listener, cancelled = Listener(), asyncio.Event()
    running = asyncio.create_task(
        engine.run(spec(source), tmp_path, attempt=1, report=listener, cancelled=cancelled)
    )
    await listener.begun[Stage.EXPORT].wait()
    worker = cluster.workers[0].process.pid
    psutil.Process(worker).kill()
    await listener.kept.wait()
    assert cluster.workers[0].process.pid != worker
    cancelled.set()
    with pytest.raises(BuildCancelledError):
        await running


async def test_a_cancelled_job_ends_with_its_children(
    cluster: LocalCluster, engine: JobEngine, source: str, tmp_path: Path
):
    listener, cancelled = Listener(), asyncio.Event()
    running = asyncio.create_task(
        engine.run(spec(source), tmp_path, attempt=1, report=listener, cancelled=cancelled)
    )
    await listener.begun[Stage.INSPECT].wait()
    cancelled.set()
    with pytest.raises(BuildCancelledError):
        await running
    worker = psutil.Process(cluster.workers[0].process.pid)
    assert not [
        child for child in worker.children(recursive=True) if "converters" in " ".join(child.cmdline())
    ]


async def test_a_failure_arrives_as_it_was_told(engine: JobEngine, tmp_path: Path):
    with pytest.raises(ConversionError) as failed:
        await engine.run(
            spec(f"file:{tmp_path}/nothing"),
            tmp_path / "workspace",
            attempt=1,
            report=Listener(),
            cancelled=asyncio.Event(),
        )
    assert failed.value.message
    assert failed.value.hint


async def test_a_job_is_lost_with_its_scheduler(
    cluster: LocalCluster, engine: JobEngine, source: str, tmp_path: Path
):
    listener = Listener()
    running = asyncio.create_task(
        engine.run(spec(source), tmp_path, attempt=1, report=listener, cancelled=asyncio.Event())
    )
    await listener.begun[Stage.INSPECT].wait()
    await cluster.close()
    with pytest.raises(JobLostError):
        await running
    assert not await engine.ready()


async def test_a_job_does_not_wait_for_ever_for_a_worker(
    cluster: LocalCluster, engine: JobEngine, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs, "WATCH_SECONDS", 0.2)
    monkeypatch.setattr(jobs, "ABSENCE_SECONDS", 0.5)
    listener = Listener()
    running = asyncio.create_task(
        engine.run(spec(source), tmp_path, attempt=1, report=listener, cancelled=asyncio.Event())
    )
    await listener.begun[Stage.INSPECT].wait()
    cluster.scale(0)
    with pytest.raises(JobLostError, match="no job worker"):
        await running
    assert not await engine.ready()


async def test_a_resource_that_nobody_offers_is_told_at_once(engine: JobEngine, tmp_path: Path):
    needy = msgspec.structs.replace(spec("file:/x"), resources={"GPU": 1})
    with pytest.raises(MissingResourcesError, match="GPU=1"):
        await engine.run(needy, tmp_path, attempt=1, report=Listener(), cancelled=asyncio.Event())


async def test_the_engine_in_this_process_is_closed_to_the_network():
    engine = JobEngine(SETTINGS)
    assert await engine.ready()
    listening = [
        connection.laddr.ip
        for connection in psutil.Process().net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    await engine.close()
    assert set(listening) <= {"127.0.0.1"}


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://127.0.0.1:1"])
async def test_no_scheduler_is_no_crash(address: str):
    engine = JobEngine(replace(SETTINGS, scheduler=address))
    assert not await engine.ready()
    await engine.close()


async def test_a_certificate_that_is_not_there_is_named(tmp_path: Path):
    files = {f"tls_{kind}_file": tmp_path / f"{kind}.pem" for kind in ("ca", "cert", "key")}
    engine = JobEngine(replace(SETTINGS, scheduler="tls://127.0.0.1:1", **files))
    with pytest.raises(JobError, match=r"cannot be read: .*/ca\.pem"):
        await engine.start()
    assert not await engine.ready()
    await engine.close()
