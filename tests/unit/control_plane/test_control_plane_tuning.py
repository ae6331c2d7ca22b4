"""Tuning: a version is measured anew, and replaced only by what is better."""

import asyncio
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from control_plane_examples import add_and_deploy, claim_next, deploy, manifest, new_model
from msgspec.structs import replace
from rich.console import Console

from control_plane.builds.queue import Claim
from control_plane.builds.runner import BuildRunner
from control_plane.builds.service import BuildService
from control_plane.builds.tables import BuildKind, BuildStatus
from control_plane.builds.tuning import reason_to_stay
from control_plane.db.engine import Database
from control_plane.deployments.service import DeploymentService
from control_plane.errors import ConflictError
from control_plane.jobs import JobEngine
from control_plane.models.service import ModelService
from control_plane.models.tables import VersionState
from control_plane.servers import Servers
from control_plane.settings import JobSettings
from control_plane.uploads.store import FolderStore
from converters.spec import ConversionError, PlanOptions
from model_repository import layout
from model_repository.manifest import Candidate, Engine, EngineSpec, Manifest, Precision, encode
from model_repository.storage import FolderStorage
from trireme.report import describe_tuning

PRESENT = EngineSpec(engine=Engine.ONNXRUNTIME, precision=Precision.FP32)
OTHER = EngineSpec(engine=Engine.OPENVINO, precision=Precision.BF16)


def tuned(claim: Claim, present: Candidate | None, rival: float = 100.0) -> Manifest:
    """What a tuning has found: `OTHER` is chosen with the rival's speed."""
    candidates = (Candidate(engine=OTHER, texts_per_second=rival, front=True, chosen=True),)
    return replace(
        manifest(claim), engine=OTHER, candidates=candidates + ((present,) if present is not None else ())
    )


def at(speed: float, **changes: Any) -> Candidate:
    return Candidate(engine=PRESENT, texts_per_second=speed, **changes)


@pytest.fixture
async def claim(database: Database) -> Claim:
    await add_and_deploy(database)
    await ModelService(database).tune(None, "mini")
    return await claim_next(database)


async def test_a_tuning_is_a_build_of_a_new_version_from_the_same_source(database: Database, claim: Claim):
    assert (claim.kind, claim.number, claim.source) == (BuildKind.TUNE, 2, new_model().source)
    assert (await ModelService(database).get(None, "mini")).active_version == 1


@pytest.mark.parametrize(
    ("present", "reason"),
    [
        (at(97), "onnxruntime fp32 stays: openvino bf16 is only 1.03 times as fast"),
        (at(50), ""),
        (None, ""),
        (at(99, error="it does not run any more"), ""),
    ],
)
async def test_the_present_engine_stays_unless_another_is_clearly_faster(
    database: Database, claim: Claim, present: Candidate | None, reason: str
):
    assert await reason_to_stay(database, claim, [tuned(claim, present)]) == reason


async def test_the_same_engine_stays(database: Database, claim: Claim):
    assert await reason_to_stay(database, claim, [manifest(claim)]) == "onnxruntime fp32 stays the best"


async def test_one_part_with_a_better_engine_is_enough(database: Database, claim: Claim):
    better = replace(tuned(claim, at(10)), part="")
    assert await reason_to_stay(database, claim, [manifest(claim), better]) == ""


async def test_another_source_is_no_matter_of_tuning(database: Database, claim: Claim):
    source = replace(manifest(claim).source, digest="sha256:01")
    with pytest.raises(ConversionError, match="the source has changed") as caught:
        await reason_to_stay(database, claim, [replace(tuned(claim, None), source=source)])
    assert "trireme models rebuild mini" in caught.value.hint


class Converted(JobEngine):
    """Has converted a model already."""

    def __init__(self, entry: Path) -> None:
        super().__init__(JobSettings())
        self._entry = entry

    async def run(self, *_: object, **__: object) -> list[Path]:
        return [self._entry]


async def test_a_version_that_is_not_needed_keeps_its_figures_and_is_not_published(
    database: Database, claim: Claim, tmp_path: Path
):
    found = tuned(claim, at(97))
    (tmp_path / layout.MANIFEST).write_bytes(encode(found))
    storage = FolderStorage(tmp_path / "repository")
    runner = BuildRunner(
        database,
        Servers((), storage),
        uploads=FolderStore(tmp_path / "uploads"),
        engine=Converted(tmp_path),
        settings=JobSettings(),
        workspaces=tmp_path / "builds",
        plans=PlanOptions(),
    )
    await runner.run(claim, asyncio.Event())
    build = await BuildService(database).get(claim.build_id)
    assert (build.status, build.percent) == (BuildStatus.SUCCEEDED, 100)
    assert "stays" in build.message
    second, first = await DeploymentService(database).versions(None, "mini")
    assert (first.state, second.state) == (VersionState.ACTIVE, VersionState.RETIRED)
    assert (second.remark, second.kept) == (build.message, False)
    assert storage.entries() == []
    assert await BuildService(database).manifests(claim.build_id) == (found,)
    told = await described(database, claim)
    assert "chosen openvino bf16 100" in told
    assert f" {build.message}" in told
    with pytest.raises(ConflictError, match="no earlier version"):
        await ModelService(database).rollback(None, "mini")


async def test_a_better_version_is_told_when_it_is_in_service(database: Database, claim: Claim):
    assert await described(database, claim) == ""
    await deploy(database, claim, tuned(claim, at(50)))
    assert (await described(database, claim)).endswith("version 2 is in service")


async def described(database: Database, claim: Claim) -> str:
    """What the command tells at the end of a tuning, with single spaces."""
    text = StringIO()
    await describe_tuning(Console(file=text, width=120), BuildService(database), claim.build_id)
    return " ".join(text.getvalue().split())


async def test_a_tuning_that_is_cancelled_leaves_a_failed_version(database: Database):
    await add_and_deploy(database)
    build = await ModelService(database).tune(None, "mini")
    await BuildService(database).cancel(build)
    states = [version.state for version in await ModelService(database).versions(None, "mini")]
    assert states == [VersionState.FAILED, VersionState.ACTIVE]


async def test_only_a_version_in_service_that_nobody_is_building_can_be_tuned(database: Database):
    models = ModelService(database)
    await models.add(new_model())
    with pytest.raises(ConflictError, match="no version in service"):
        await models.tune(None, "mini")
    await add_and_deploy(database)
    await models.add(new_model())
    with pytest.raises(ConflictError, match="under way"):
        await models.tune(None, "mini")


async def test_an_authors_own_code_has_one_engine(database: Database):
    models = ModelService(database)
    await models.add(new_model())
    claim = await claim_next(database)
    engine = EngineSpec(engine=Engine.CUSTOM, precision=Precision.NATIVE)
    await deploy(database, claim, replace(manifest(claim), engine=engine))
    with pytest.raises(ConflictError, match="author's own"):
        await models.tune(None, "mini")
