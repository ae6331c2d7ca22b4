"""Both engines, inside the real Triton, answer as numpy does: alone, merged, in part and for bad requests."""

import asyncio
from typing import Any

import msgspec
import numpy as np
import openvino
import pytest
import tiny_vision
import tritonclient.grpc.aio
from tiny_encoder import DENSE, TABLE, VOCABULARY, make_manifest, reference, sample
from tiny_repository import ENGINES, PACKED_ENCODER, Repository

from model_repository.client import TritonClient, infer_request, read_outputs
from model_repository.errors import InferenceError, ServerUnavailableError
from model_repository.manifest import Engine, Manifest, Precision
from model_repository.rollout import bring_up
from model_repository.server import EmbeddedTriton
from model_repository.tensors import Array

pytestmark = pytest.mark.integration

POOLED = "sentence_embedding"
TOKENS = 8


def of_one_length(engine: Engine) -> Manifest:
    """The model as one that takes texts of so many tokens only, so that Triton may merge requests."""
    manifest = make_manifest(engine)
    inputs = tuple(msgspec.structs.replace(each, shape=(-1, TOKENS)) for each in manifest.inputs)
    return msgspec.structs.replace(manifest, inputs=inputs)


async def ask(client: TritonClient, entry: str, inputs: dict[str, Array], *outputs: str) -> dict[str, Array]:
    return read_outputs(await client.infer(infer_request(entry, inputs, outputs), 30))


@pytest.mark.parametrize("engine", ENGINES)
async def test_engines_answer_like_numpy(
    repository: Repository, client: TritonClient, engine: Engine
) -> None:
    manifest = repository.publish(make_manifest(engine))
    await bring_up(client, repository.storage, manifest)
    for batch, length in ((1, 1), (1, 32), (3, 7), (16, 32)):
        inputs = sample(batch, length)
        answer = await ask(client, manifest.entry, inputs, POOLED)
        assert answer.keys() == {POOLED}
        np.testing.assert_allclose(answer[POOLED], reference(inputs), atol=2e-6)
    both = await ask(client, manifest.entry, sample(2, 5), "last_hidden_state", POOLED)
    assert both["last_hidden_state"].shape == (2, 5, 64)


async def test_packed_texts_get_the_answers_of_padded_ones(
    repository: Repository, client: TritonClient
) -> None:
    manifest = repository.publish(make_manifest(Engine.OPENVINO_PACKED), PACKED_ENCODER)
    await bring_up(client, repository.storage, manifest)
    for batch, length in ((1, 1), (1, 32), (3, 7), (16, 32)):
        inputs = sample(batch, length)
        answer = await ask(client, manifest.entry, inputs, "last_hidden_state", POOLED)
        np.testing.assert_allclose(answer[POOLED], reference(inputs), atol=2e-6)
        tokens = TABLE[inputs["input_ids"]] @ DENSE * inputs["attention_mask"][..., None]
        np.testing.assert_allclose(answer["last_hidden_state"], tokens, atol=2e-5)


@pytest.mark.parametrize("side", [8, None], ids=["one size", "any size"])
@pytest.mark.parametrize("engine", ENGINES)
async def test_engines_see_images_like_numpy(
    repository: Repository, client: TritonClient, engine: Engine, side: int | None
) -> None:
    manifest = repository.publish(tiny_vision.make_manifest(engine, side), tiny_vision.vision(side))
    await bring_up(client, repository.storage, manifest)
    requests = [
        tiny_vision.sample(batch, side or height, side or 6, seed=batch)
        for batch in (1, 2, 5)
        for height in (4, 7)
    ]
    answers = await asyncio.gather(*(ask(client, manifest.entry, inputs, "logits") for inputs in requests))
    for inputs, answer in zip(requests, answers, strict=True):
        np.testing.assert_allclose(answer["logits"], tiny_vision.reference(inputs), atol=2e-6)
    if side is not None:
        with pytest.raises(InferenceError):
            await ask(client, manifest.entry, tiny_vision.sample(1, side + 1, side), "logits")


async def statistics_of(triton: EmbeddedTriton, entry: str, *, inferences: int) -> Any:
    """Statistics of a model once Triton has counted so many inferences, some after it has answered."""
    async with tritonclient.grpc.aio.InferenceServerClient(triton.url) as observer, asyncio.timeout(10):
        while True:
            model = (await observer.get_inference_statistics(entry)).model_stats[0]
            if model.inference_count == inferences:
                return model
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("engine", ENGINES)
async def test_waiting_requests_run_together(
    repository: Repository, triton: EmbeddedTriton, client: TritonClient, engine: Engine
) -> None:
    manifest = repository.publish(of_one_length(engine))
    await client.load(manifest.entry)
    requests = [sample(1, TOKENS, seed) for seed in range(64)]
    wanted = [(POOLED,), ("last_hidden_state",), (POOLED, "last_hidden_state")]
    answers = await asyncio.gather(
        *(ask(client, manifest.entry, inputs, *wanted[i % 3]) for i, inputs in enumerate(requests))
    )
    for i, (inputs, answer) in enumerate(zip(requests, answers, strict=True)):
        assert answer.keys() == set(wanted[i % 3])
        if POOLED in answer:
            np.testing.assert_allclose(answer[POOLED], reference(inputs), atol=2e-6)
    model = await statistics_of(triton, manifest.entry, inferences=64)
    assert model.execution_count < 32
    assert max(batch.batch_size for batch in model.batch_stats) > 4


async def test_streams_of_a_model_that_is_not_loaded_are_refused(client: TritonClient) -> None:
    request = infer_request("global.nobody.1", sample(1, 4), [POOLED])
    with pytest.raises(ServerUnavailableError, match="has not loaded the model"):
        await anext(client.stream(request, 30))


async def test_one_bad_request_fails_alone(repository: Repository, client: TritonClient) -> None:
    manifest = repository.publish(of_one_length(Engine.ONNXRUNTIME))
    await client.load(manifest.entry)
    requests = [sample(1, TOKENS, seed) for seed in range(48)]
    for bad in (5, 17, 40):
        requests[bad]["input_ids"][0, 0] = VOCABULARY
    answers = await asyncio.gather(
        *(ask(client, manifest.entry, inputs, POOLED) for inputs in requests), return_exceptions=True
    )
    for i, (inputs, answer) in enumerate(zip(requests, answers, strict=True)):
        if i in (5, 17, 40):
            assert isinstance(answer, InferenceError)
            assert "indices element out of data bounds" in str(answer.__cause__)
            assert "bounds" not in answer.message
        else:
            assert isinstance(answer, dict)
            np.testing.assert_allclose(answer[POOLED], reference(inputs), atol=2e-6)


async def test_openvino_computes_in_the_precision_of_the_manifest(
    repository: Repository, client: TritonClient
) -> None:
    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this CPU computes in f32 whatever it is asked for")
    errors = {}
    for precision in (Precision.FP32, Precision.BF16):
        manifest = repository.publish(make_manifest(Engine.OPENVINO, precision, name=precision))
        await client.load(manifest.entry)
        inputs = sample(8, 16)
        answer = await ask(client, manifest.entry, inputs, POOLED)
        errors[precision] = np.abs(answer[POOLED] - reference(inputs)).max()
    assert errors[Precision.FP32] < 2e-6
    assert 1e-4 < errors[Precision.BF16] < 0.1


async def test_inputs_that_the_model_does_not_have_are_refused(
    repository: Repository, client: TritonClient
) -> None:
    manifest = repository.publish(make_manifest(Engine.ONNXRUNTIME))
    await client.load(manifest.entry)
    for inputs in (
        {"input_ids": np.array([[1]])},
        {"input_ids": np.array([[1.0]]), "attention_mask": np.array([[1]])},
        {"input_ids": np.ones((17, 2), int), "attention_mask": np.ones((17, 2), int)},
    ):
        with pytest.raises(InferenceError):
            await ask(client, manifest.entry, inputs, POOLED)
