"""TensorRT plans: what an operator sets, and which servers a plan may be loaded into."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from control_plane_examples import add_and_deploy, claim_next, new_model
from control_plane_examples import manifest as example
from msgspec.structs import replace

from control_plane.builds.rollout import roll_out
from control_plane.builds.runner import BuildRunner
from control_plane.db.engine import Database
from control_plane.jobs import JobEngine
from control_plane.models.service import ModelService
from control_plane.servers import Servers
from control_plane.settings import JobSettings, TensorrtSettings
from control_plane.uploads.store import FolderStore
from model_repository.errors import TriremeError
from model_repository.manifest import Engine, EngineSpec, Manifest, Precision
from model_repository.nodes import InvalidTargetError, MisfitError, Node
from model_repository.plans import PlanSpec
from model_repository.storage import FolderStorage
from trireme.sources import load

ADA = Node(Engine.TENSORRT_RTX, "1.7.1.116", "sm89")


@pytest.fixture
def manifest() -> Manifest:
    return example(SimpleNamespace(owner="global", model="mini", number=1, source="file:x"))


def planned(manifest: Manifest) -> Manifest:
    plan = PlanSpec(key="ab", version=ADA.version, compute_capability=ADA.compute_capability, profile={})
    return replace(manifest, engine=EngineSpec(engine=ADA.engine, precision=Precision.FP16, plan=plan))


def test_settings_become_the_options_of_every_build(tmp_path: Path) -> None:
    loaded = load(
        environment={
            "TRIREME_DATA": str(tmp_path),
            "TRIREME_TENSORRT_TARGETS": "sm89,sm120",
            "TRIREME_TENSORRT_PRECISIONS": "int8,fp16",
            "TRIREME_TENSORRT_FLAVOUR": "tensorrt_rtx",
            "TRIREME_TENSORRT_LENGTHS": "12,40",
            "TRIREME_TENSORRT_SERVERS": str(ADA),
        }
    )
    options = loaded.tensorrt.options(loaded.plans)
    assert options.targets == ("sm89", "sm120")
    assert options.precisions == (Precision.INT8, Precision.FP16)
    assert options.flavour is Engine.TENSORRT_RTX
    assert options.lengths == (12, 40)
    assert options.cache == str(tmp_path / "plans")
    assert loaded.tensorrt.node() == ADA


def test_without_settings_no_plan_is_built() -> None:
    assert load(environment={}).tensorrt.options(Path("plans")).targets == ()
    assert TensorrtSettings().node() is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TARGETS", "hopper"),
        ("SERVERS", "sm89"),
        ("PRECISIONS", "fp8"),
        ("FLAVOUR", "rtx"),
        ("FLAVOUR", "openvino"),
        ("PRECISIONS", ","),
        ("LENGTHS", "0"),
    ],
)
def test_a_setting_that_names_no_gpu_or_precision_is_refused_at_start(name: str, value: str) -> None:
    with pytest.raises(TriremeError) as caught:
        load(environment={f"TRIREME_TENSORRT_{name}": value})
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "node", [None, ADA._replace(version="1.8.0.1"), ADA._replace(compute_capability="sm90")]
)
async def test_a_plan_is_not_sent_to_servers_that_it_was_not_built_for(
    tmp_path: Path, manifest: Manifest, node: Node | None
) -> None:
    servers = Servers((), FolderStorage(tmp_path), node)
    with pytest.raises(MisfitError, match="built for tensorrt_rtx") as caught:
        await roll_out(servers, [planned(manifest)])
    assert "rebuild" in caught.value.hint


async def test_a_plan_fits_the_servers_that_it_was_built_for_and_other_engines_fit_all(
    tmp_path: Path, manifest: Manifest
) -> None:
    await roll_out(Servers((), FolderStorage(tmp_path), ADA), [planned(manifest)])
    for node in (ADA, None):
        await roll_out(Servers((), FolderStorage(tmp_path), node), [manifest])


async def test_a_rebuild_is_a_new_version_made_from_the_same(database: Database) -> None:
    models = ModelService(database)
    await add_and_deploy(database, targets=("sm89",))
    await models.add(new_model(source="file:other"))
    await models.rebuild(None, "mini")
    claim = await claim_next(database)
    assert (claim.number, claim.source, claim.targets) == (3, new_model().source, ("sm89",))
    assert (await models.get(None, "mini")).active_version == 1


async def test_a_target_that_is_no_gpu_is_refused_before_anything_is_queued(database: Database) -> None:
    with pytest.raises(InvalidTargetError):
        await ModelService(database).add(new_model(targets=("hopper",)))
    assert await ModelService(database).list(None, include_global=True) == []


@pytest.mark.parametrize(("asked", "built"), [(("sm120",), ("sm120",)), ((), ("sm89",))])
async def test_a_model_has_its_own_targets_or_those_of_the_settings(
    database: Database, tmp_path: Path, asked: tuple[str, ...], built: tuple[str, ...]
) -> None:
    await ModelService(database).add(new_model(targets=asked))
    settings, plans = JobSettings(), TensorrtSettings(targets=("sm89",)).options(tmp_path)
    servers = Servers((), FolderStorage(tmp_path / "repository"))
    runner = BuildRunner(
        database,
        servers,
        uploads=FolderStore(tmp_path / "uploads"),
        engine=JobEngine(settings),
        settings=settings,
        workspaces=tmp_path,
        plans=plans,
    )
    assert runner._spec(await claim_next(database), archive="").plans.targets == built
