"""`/v2` through the real Triton: by its vendor's own client, and by hand."""

import asyncio
import gzip
import json
import zlib

import httpx
import numpy as np
import pytest
import tritonclient.http.aio as triton
from kserve_tensors import IDS, MASK, VECTOR, of_json, request, right, tensors
from metered import key_with, records
from running import gateway
from site_setup import Site
from tritonclient.http import InferenceServerClient, InferResult

from control_plane.catalog import LimitType
from gateway.settings import GatewaySettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


async def test_tritons_own_client(kserve: httpx.AsyncClient, bearer: dict[str, str]) -> None:
    def use() -> None:
        with InferenceServerClient(kserve.base_url.netloc.decode()) as client:
            assert client.is_server_live()
            assert client.is_server_ready()
            assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
            assert client.is_model_ready("tiny", headers=bearer)
            assert not client.is_model_ready("tiny", "7", headers=bearer)
            assert not client.is_model_ready("nothing", headers=bearer)
            described = client.get_model_metadata("tiny", headers=bearer)
            assert described["versions"] == ["1"]
            assert described["inputs"][0] == {"name": "input_ids", "datatype": "INT64", "shape": [-1, -1]}
            config = client.get_model_config("tiny", "1", headers=bearer)
            assert (config["name"], config["backend"], config["max_batch_size"]) == ("tiny", "onnxruntime", 8)
            inputs = list(tensors(input_ids=IDS, attention_mask=MASK))
            answer = client.infer("tiny", inputs, model_version="1", request_id="mine", headers=bearer)
            np.testing.assert_allclose(answer.as_numpy(VECTOR), right(), atol=1e-5)
            told = answer.get_response()
            assert (told["id"], told["model_name"], told["model_version"]) == ("mine", "tiny", "1")

    await asyncio.to_thread(use)


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("wanted", [True, False])
async def test_tensors_travel_as_bytes_and_as_json(
    triton_client: triton.InferenceServerClient, bearer: dict[str, str], sent: bool, wanted: bool
) -> None:
    inputs = list(tensors(sent, input_ids=IDS, attention_mask=MASK))
    outputs = [triton.InferRequestedOutput(VECTOR, binary_data=wanted)]
    answer = await triton_client.infer("english", inputs, outputs=outputs, headers=bearer)
    np.testing.assert_allclose(answer.as_numpy(VECTOR), right(), atol=1e-5)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
async def test_bodies_travel_compressed(
    kserve: httpx.AsyncClient, bearer: dict[str, str], algorithm: str
) -> None:
    half = np.arange(2000, dtype=np.float16)

    def use() -> InferResult:
        with InferenceServerClient(kserve.base_url.netloc.decode()) as client:
            compressed = {
                "request_compression_algorithm": algorithm,
                "response_compression_algorithm": algorithm,
            }
            return client.infer("doubled", list(tensors(half=half)), headers=bearer, **compressed)

    answer = await asyncio.to_thread(use)
    assert (answer.as_numpy("twice") == 2 * half).all()
    body = json.dumps({"inputs": [of_json("half", half, "FP16")], "outputs": [{"name": "twice"}]}).encode()
    packed = gzip.compress(body) if algorithm == "gzip" else zlib.compress(body)
    headers = {"content-encoding": algorithm, "accept-encoding": f"br, {algorithm};q=0.5"}
    answered = await kserve.post("/v2/models/doubled/infer", content=packed, headers=headers)
    assert answered.headers["content-encoding"] == algorithm
    assert int(answered.headers["content-length"]) < len(answered.content)
    headers["accept-encoding"] = f"{algorithm};q=0"
    plain = await kserve.post("/v2/models/doubled/infer", content=packed, headers=headers)
    assert "content-encoding" not in plain.headers
    assert plain.content == answered.content


async def test_halves_and_truths(
    triton_client: triton.InferenceServerClient, kserve: httpx.AsyncClient, bearer: dict[str, str]
) -> None:
    half = np.array([0.5, 1.5, -3.0], np.float16)
    answer = await triton_client.infer("doubled", list(tensors(half=half)), headers=bearer)
    assert (answer.as_numpy("twice") == 2 * half).all()
    assert answer.as_numpy("twice").dtype == np.float16
    assert answer.as_numpy("large").tolist() == [False, True, False]
    assert np.isnan(answer.as_numpy("log")[2])
    body = {"inputs": [of_json("half", half, "FP16")], "outputs": [{"name": "large"}, {"name": "twice"}]}
    told = (await kserve.post("/v2/models/doubled/infer", json=body)).json()["outputs"]
    assert [each["data"] for each in told] == [[False, True, False], [1.0, 3.0, -6.0]]
    body["outputs"] = [{"name": "log"}]
    refused = await kserve.post("/v2/models/doubled/infer", json=body)
    assert refused.status_code == 502
    assert "binary_data" in refused.json()["error"]


async def test_calls_count_against_limits_and_leave_records(site: Site, alice: str) -> None:
    limits = {**dict.fromkeys(LimitType), LimitType.TOKENS_PER_MINUTE: 8}
    async with gateway(site, GatewaySettings(), await key_with(site, "tensors", limits)) as limited:
        answers = [await limited.post("/v2/models/tiny/infer", json=request()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert "8 input tokens per minute exceeded" in answers[1].json()["error"]
    (record,) = await records(site, "tensors", 1)
    assert (record.prompt_tokens, record.model_prompt_tokens, record.api) == (7, 7, "kserve")
