"""TensorRT plans, really built by TensorRT-RTX, for GPUs that are not here; none of them is run."""

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import msgspec
import pytest
from converter_builds import Build, manifest_of
from msgspec.structs import replace

from converters.results import Built
from converters.spec import ConversionError, PlanOptions, Stage
from converters.tensorrt import flavours
from converters.tensorrt.candidates import plans
from converters.work import each_part
from converters.workspace import Workspace
from model_repository import layout
from model_repository.checks import check_folder
from model_repository.manifest import Engine, Precision

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

without_gpu = pytest.mark.skipif(
    flavours.compute_capability() is not None, reason="tells what happens on hosts without a GPU"
)
BF16, FP16, FP32, INT8 = Precision.BF16, Precision.FP16, Precision.FP32, Precision.INT8

Make = Callable[..., list[Built]]


@pytest.fixture
def make(tiny: Build, tmp_path: Path) -> Make:
    """Makes the plans of the tiny model; plans of one test share a cache."""
    numbers = count()

    def run(*targets: str, cache: str = "cache", **options: object) -> list[Built]:
        wanted = PlanOptions(targets=targets, cache=str(tmp_path / cache), **options)
        return plans_of(tiny, tmp_path / str(next(numbers)), wanted)

    return run


def plans_of(build: Build, folder: Path, options: PlanOptions) -> list[Built]:
    place = Workspace(build.workspace)
    spec = replace(place.spec(), plans=options)
    (work,) = each_part(spec, place, folder, lambda percent, message: None)
    work.folder.mkdir(parents=True)
    return [built for built, _ in plans(work)]


@pytest.mark.parametrize("precision", [FP32, FP16, BF16, INT8])
def test_a_plan_of_each_precision_is_built_once_the_cpu_has_imitated_it(
    make: Make, tmp_path: Path, precision: Precision
) -> None:
    (built,) = make("sm89", precisions=(precision,))
    assert not built.error
    assert built.engine.precision is precision
    assert built.proxy is not None
    assert built.proxy.passed
    assert len(built.proxy.cases) == 13
    plan = built.engine.plan
    assert plan is not None
    assert plan.version == flavours.version(Engine.TENSORRT_RTX)
    assert (tmp_path / "cache" / plan.key / "model.plan").stat().st_size > 100_000
    for shapes in plan.profile.values():
        assert (shapes.min, shapes.max) == ((1, 1), (64, 40))
        assert shapes.opt[0] == 16
        assert 1 < shapes.opt[1] <= 40


@without_gpu
def test_a_plan_that_no_gpu_has_run_is_listed_and_something_else_serves(tiny: Build, tmp_path: Path) -> None:
    workspace = shutil.copytree(tiny.workspace, tmp_path / "workspace")
    options = PlanOptions(targets=("sm89",), cache=str(tmp_path / "cache"))
    spec = replace(Workspace(workspace).spec(), plans=options)
    (workspace / "spec.json").write_bytes(msgspec.json.encode(spec))
    (entry,) = Build(spec, workspace).run_here(Stage.COMPILE, Stage.VERIFY, Stage.PACKAGE)
    manifest = manifest_of(entry)
    *_, plan = manifest.candidates
    assert plan.engine.engine is Engine.TENSORRT_RTX
    assert "not run on the build host" in plan.unverified
    assert plan.proxy is not None
    assert (plan.parity, plan.texts_per_second, plan.chosen) == (None, None, False)
    assert manifest.engine.plan is None
    assert (entry / layout.GRAPH).stat().st_size > 0
    check_folder(entry, manifest)


def test_a_second_build_takes_the_plan_from_the_cache(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make("sm89", precisions=(INT8,))

    def refuse(*_: object, **__: object) -> bytes:
        raise RuntimeError("it was built again")

    monkeypatch.setattr("converters.tensorrt.candidates.build_plan", refuse)
    assert make("sm89", precisions=(INT8,)) == first
    (other,) = make("sm120", precisions=(INT8,))
    assert "it was built again" in other.error


def test_a_precision_that_does_not_build_falls_back_to_the_next(make: Make) -> None:
    bf16, fp16 = make("sm75", precisions=(BF16, FP16, FP32))
    assert bf16.error.startswith("sm75: TensorRT cannot build the graph")
    assert "b16" in bf16.error
    assert fp16.engine.precision is FP16
    assert not fp16.error


def test_a_target_that_the_flavour_does_not_know_stops_no_other(make: Make) -> None:
    hopper, ada = make("sm90", "sm89", flavour=Engine.TENSORRT_RTX, precisions=(FP16, FP32))
    assert hopper.error.startswith("sm90: TensorRT-RTX does not build for sm90")
    assert not ada.error


@without_gpu
def test_weights_are_left_out_only_where_a_driver_is(make: Make) -> None:
    (built,) = make("sm89", precisions=(FP32,), stripped=True)
    assert "only with a CUDA driver" in built.error


@pytest.mark.skipif(flavours.compute_capability() is None, reason="leaving weights out needs a CUDA driver")
def test_a_plan_without_weights_is_smaller(make: Make, tmp_path: Path) -> None:
    make("sm89", precisions=(FP32,), cache="whole")
    make("sm89", precisions=(FP32,), cache="stripped", stripped=True)
    (whole,), (stripped,) = ((tmp_path / name).glob("*/model.plan") for name in ("whole", "stripped"))
    assert stripped.stat().st_size < whole.stat().st_size


@pytest.mark.skipif(flavours.installed(Engine.TENSORRT), reason="tells what happens without it")
def test_a_flavour_that_is_not_installed_fails_the_build_with_what_to_install(make: Make) -> None:
    with pytest.raises(ConversionError, match="tensorrt is not installed") as caught:
        make("sm89", flavour=Engine.TENSORRT)
    assert "pip install" in caught.value.hint


def test_minilm_does_not_bear_int8_and_becomes_a_plan_in_fp16(
    minilm: tuple[Build, Path], tmp_path: Path
) -> None:
    options = PlanOptions(targets=("sm89",), precisions=(INT8, FP16), cache=str(tmp_path / "cache"))
    int8, fp16 = plans_of(minilm[0], tmp_path / "plans", options)
    assert "imitated on the CPU: difference" in int8.error
    assert not fp16.error
    assert fp16.proxy is not None
    assert fp16.proxy.min_cosine > 0.9999
