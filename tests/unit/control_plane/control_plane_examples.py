"""Rows and manifests that the tests of this folder share."""

import msgspec

from control_plane.builds import queue
from control_plane.builds.deployment import activate, announce, mark_loading
from control_plane.builds.queue import Claim
from control_plane.db.engine import Database
from control_plane.models.schemas import NewModel
from control_plane.models.service import ModelService
from model_repository.heads import EmbeddingHead, ImageEmbeddingHead, Pooling
from model_repository.manifest import (
    Engine,
    EngineSpec,
    Manifest,
    Precision,
    SourceRecord,
    Task,
    TensorSpec,
    TokenizerSpec,
)
from model_repository.parity import ParityCase, ParityReport, ParityThresholds

SOURCE = "wheel:some-model==1.0#some_model/files"


def new_model(name: str = "mini", **changes: object) -> NewModel:
    return NewModel(**({"name": name, "source": SOURCE, "tasks": (Task.EMBEDDING,)} | changes))


def manifest(claim: Claim) -> Manifest:
    """Of a version of one graph."""
    return Manifest(
        owner=claim.owner,
        name=claim.model,
        version=claim.number,
        tasks=(Task.EMBEDDING,),
        source=SourceRecord(uri=claim.source, digest="sha256:00", architecture="BertModel"),
        engine=EngineSpec(engine=Engine.ONNXRUNTIME, precision=Precision.FP32),
        inputs=(TensorSpec(name="input_ids", datatype="INT64", shape=(-1, -1)),),
        outputs=(TensorSpec(name="embedding", datatype="FP32", shape=(-1, 4)),),
        max_batch_size=8,
        tokenizer=TokenizerSpec(path="tokenizer/tokenizer.json", max_length=16, pad_id=0, pad_token="[PAD]"),
        head=EmbeddingHead(output="embedding", dimensions=4, pooling=Pooling.MEAN, normalise=False),
        parity=ParityReport(
            passed=True,
            thresholds=ParityThresholds(max_abs_diff=1e-3, min_cosine=0.999),
            cases=(ParityCase(batch=1, length=1, max_abs_diff=0, min_cosine=1, finite=True),),
        ),
        candidates=(),
        tools={},
        created_at="2026-01-01T00:00:00Z",
    )


def towers(claim: Claim) -> tuple[Manifest, ...]:
    """Of a version of two graphs, whose image tower does two tasks."""
    text = manifest(claim)
    return (
        msgspec.structs.replace(text, part="text"),
        msgspec.structs.replace(
            text,
            part="image",
            tasks=(Task.IMAGE_EMBEDDING, Task.IMAGE_CLASSIFICATION),
            head=ImageEmbeddingHead(output="embedding", dimensions=4, logit_scale=100.0),
            tokenizer=None,
        ),
    )


async def claim_next(database: Database, **limits: float) -> Claim:
    claim = await queue.claim(database, **({"lease_seconds": 10, "max_losses": 3} | limits))
    assert claim is not None
    return claim


async def deploy(database: Database, claim: Claim, *manifests: Manifest) -> None:
    """What a worker writes when everything goes well."""
    manifests = manifests or claim.manifests or (manifest(claim),)
    if not claim.loading:
        await announce(database, claim, manifests)
        await mark_loading(database, claim)
    await activate(database, claim)


async def add_and_deploy(database: Database, name: str = "mini", **changes: object) -> None:
    await ModelService(database).add(new_model(name, **changes))
    await deploy(database, await claim_next(database))
