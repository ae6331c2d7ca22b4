"""A TensorRT plan in a real Triton without a GPU: it does not come into service, and the cause is told."""

import pytest
from msgspec.structs import replace
from tiny_encoder import make_manifest
from tiny_repository import Repository

from model_repository.client import EntryState, TritonClient
from model_repository.manifest import Engine, EngineSpec, Precision
from model_repository.nodes import FLAVOURS
from model_repository.plans import PlanSpec
from model_repository.rollout import RolloutError, bring_up

pytestmark = pytest.mark.integration

PLAN = PlanSpec(key="ab", version="1.7.1.116", compute_capability="sm89", profile={})


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_server_without_a_gpu_loads_no_plan(
    repository: Repository, client: TritonClient, flavour: Engine
) -> None:
    engine = EngineSpec(engine=flavour, precision=Precision.FP16, plan=PLAN)
    manifest = repository.publish(replace(make_manifest(Engine.ONNXRUNTIME), engine=engine))
    with pytest.raises(RolloutError, match="GPU"):
        await bring_up(client, repository.storage, manifest)
    assert (await client.index())[manifest.entry] is not EntryState.READY
