"""Plans on paper: which node a plan fits, and what Triton is told about it."""

import pytest
from msgspec.structs import replace

from model_repository.config import model_config
from model_repository.manifest import Engine, EngineSpec, Manifest, Precision, decode, encode
from model_repository.nodes import InvalidTargetError, Node, check_target, misfit
from model_repository.plans import PlanSpec, ShapeRange

PLAN = PlanSpec(
    key="ab" * 32,
    version="1.7.1.116",
    compute_capability="sm89",
    profile={"input_ids": ShapeRange(min=(1, 1), opt=(16, 16), max=(64, 128))},
)
NODE = Node(Engine.TENSORRT_RTX, "1.7.1.116", "sm89")


def engine(flavour: Engine = Engine.TENSORRT_RTX) -> EngineSpec:
    return EngineSpec(engine=flavour, precision=Precision.FP16, plan=PLAN)


def test_a_node_reads_as_it_is_written() -> None:
    assert str(NODE) == "tensorrt_rtx:1.7.1.116:sm89"
    assert Node.parse(str(NODE)) == NODE


@pytest.mark.parametrize(
    "text", ["", "tensorrt", "tensorrt:10", "openvino:1:sm89", "tensorrt::sm89", "tensorrt:10:89", "a:b:c:d"]
)
def test_a_node_that_is_written_otherwise_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidTargetError) as caught:
        Node.parse(text)
    assert "sm" in caught.value.hint


@pytest.mark.parametrize("text", ["89", "SM89", "sm8", "sm08", "sm8900", "sm_89", "sm89 "])
def test_a_target_that_is_no_compute_capability_is_refused(text: str) -> None:
    with pytest.raises(InvalidTargetError):
        check_target(text)


def test_a_plan_fits_only_the_node_that_it_was_built_for() -> None:
    assert misfit(engine(), NODE) is None
    for other in (
        NODE._replace(version="1.8.0.1"),
        NODE._replace(compute_capability="sm120"),
        NODE._replace(engine=Engine.TENSORRT),
        None,
    ):
        assert "built for tensorrt_rtx:1.7.1.116:sm89" in (misfit(engine(), other) or "")


def test_engines_without_a_plan_fit_everywhere() -> None:
    plain = EngineSpec(engine=Engine.ONNXRUNTIME, precision=Precision.FP32)
    assert misfit(plain, None) is None
    assert misfit(plain, NODE) is None


@pytest.mark.parametrize("flavour", [Engine.TENSORRT, Engine.TENSORRT_RTX])
def test_triton_runs_a_plan_on_the_gpu_with_its_only_profile(manifest: Manifest, flavour: Engine) -> None:
    config = model_config(replace(manifest, engine=engine(flavour)))
    assert config.backend == flavour
    assert config.default_model_filename == "model.plan"
    (instances,) = config.instance_group
    assert instances.kind == instances.KIND_GPU
    assert list(instances.profile) == ["0"]
    assert ("plan_version" in config.parameters) is (flavour is Engine.TENSORRT_RTX)


def test_a_manifest_keeps_what_its_plan_is_tied_to(manifest: Manifest) -> None:
    planned = replace(manifest, engine=engine())
    assert decode(encode(planned)) == planned
