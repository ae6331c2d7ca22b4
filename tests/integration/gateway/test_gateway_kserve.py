"""`/v2` through the real Triton: by its vendor's own client, and by hand."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import numpy as np
import onnx
import pytest
import pytest_asyncio
import tiny_zoo
import tritonclient.http.aio as triton
from metered import key_with, records
from onnx import TensorProto, helper
from running import gateway
from site_setup import Site
from sqlmodel import select
from tiny_graph import TinyGraph
from tiny_model import MAX_LENGTH, WORDS, table
from tritonclient.http import InferenceServerClient, InferResult
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from control_plane.catalog import LimitType
from control_plane.db.generation import touch_catalog
from control_plane.routers.tables import Router
from gateway.settings import GatewaySettings
from model_repository.heads import TensorHead
from model_repository.manifest import Task, TensorSpec

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

IDS = np.array([[2, 7, 9, 3], [2, 5, 3, 0]], np.int64)
MASK = np.array([[1, 1, 1, 1], [1, 1, 1, 0]], np.int64)
VECTOR = "sentence_embedding"


def right() -> np.ndarray:
    return np.array([table(1)[ids[mask == 1]].mean(0) for ids, mask in zip(IDS, MASK, strict=True)])


def doubled() -> TinyGraph:
    """Halves in, twice as much out, and whether each is above 1."""
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["half", "half"], ["twice"]),
            helper.make_node("Cast", ["half"], ["whole"], to=TensorProto.FLOAT),
            helper.make_node("Cast", ["one"], ["limit"], to=TensorProto.FLOAT),
            helper.make_node("Greater", ["whole", "limit"], ["large"]),
            helper.make_node("Log", ["whole"], ["log"]),
        ],
        "doubled",
        [helper.make_tensor_value_info("half", TensorProto.FLOAT16, ["n"])],
        [
            helper.make_tensor_value_info("twice", TensorProto.FLOAT16, ["n"]),
            helper.make_tensor_value_info("large", TensorProto.BOOL, ["n"]),
            helper.make_tensor_value_info("log", TensorProto.FLOAT, ["n"]),
        ],
        [helper.make_tensor("one", TensorProto.INT64, [1], [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    outputs = {"twice": "FP16", "large": "BOOL", "log": "FP32"}
    return TinyGraph(
        onnx=model.SerializeToString(),
        head=TensorHead(outputs=tuple(outputs)),
        tasks=(Task.CUSTOM,),
        inputs=(TensorSpec(name="half", datatype="FP16", shape=(-1,)),),
        outputs=tuple(TensorSpec(name=name, datatype=kind, shape=(-1,)) for name, kind in outputs.items()),
        sample={"half": np.array([0.5, 2.0], np.float16)},
        max_batch=0,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gate(site: Site, alice: str) -> AsyncIterator[httpx.AsyncClient]:
    await site.deploy("doubled", doubled())
    await site.deploy("clip", *(tower.graph for tower in tiny_zoo.clip_towers()))
    async with gateway(site, GatewaySettings(), alice) as running:
        yield running


@pytest.fixture
def bearer(alice: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {alice}"}


@pytest_asyncio.fixture(loop_scope="session")
async def client(gate: httpx.AsyncClient) -> AsyncIterator[triton.InferenceServerClient]:
    async with triton.InferenceServerClient(gate.base_url.netloc.decode()) as running:
        yield running


def tensors(binary: bool = True, **arrays: np.ndarray) -> Iterator[triton.InferInput]:
    for name, array in arrays.items():
        tensor = triton.InferInput(name, array.shape, np_to_triton_dtype(array.dtype))
        tensor.set_data_from_numpy(array, binary_data=binary)
        yield tensor


def of_json(name: str, array: np.ndarray, datatype: str, **changes: Any) -> dict[str, Any]:
    tensor = {"name": name, "shape": list(array.shape), "datatype": datatype, "data": array.tolist()}
    return tensor | changes


def request(**changes: Any) -> dict[str, Any]:
    inputs = [of_json("input_ids", IDS, "INT64"), of_json("attention_mask", MASK, "INT64")]
    return {"inputs": inputs} | changes


async def test_tritons_own_client(gate: httpx.AsyncClient, bearer: dict[str, str]) -> None:
    def use() -> None:
        with InferenceServerClient(gate.base_url.netloc.decode()) as client:
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
    client: triton.InferenceServerClient, bearer: dict[str, str], sent: bool, wanted: bool
) -> None:
    inputs = list(tensors(sent, input_ids=IDS, attention_mask=MASK))
    outputs = [triton.InferRequestedOutput(VECTOR, binary_data=wanted)]
    answer = await client.infer("english", inputs, outputs=outputs, headers=bearer)
    np.testing.assert_allclose(answer.as_numpy(VECTOR), right(), atol=1e-5)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
async def test_bodies_travel_compressed(
    gate: httpx.AsyncClient, bearer: dict[str, str], algorithm: str
) -> None:
    half = np.arange(2000, dtype=np.float16)

    def use() -> InferResult:
        with InferenceServerClient(gate.base_url.netloc.decode()) as client:
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
    answered = await gate.post("/v2/models/doubled/infer", content=packed, headers=headers)
    assert answered.headers["content-encoding"] == algorithm
    assert int(answered.headers["content-length"]) < len(answered.content)
    headers["accept-encoding"] = f"{algorithm};q=0"
    plain = await gate.post("/v2/models/doubled/infer", content=packed, headers=headers)
    assert "content-encoding" not in plain.headers
    assert plain.content == answered.content


@pytest.mark.parametrize(
    ("body", "encoding", "status", "told"),
    [
        (b"{}", "br", 415, "must be gzip or deflate"),
        (b"{}", "gzip", 400, "not valid gzip"),
        (gzip.compress(b"{}")[:-1], "gzip", 400, "does not end"),
        (zlib.compress(b"{}") + b"more", "deflate", 400, "does not end"),
        (gzip.compress(bytes(GatewaySettings().max_body_bytes + 1)), "gzip", 413, "is larger than"),
    ],
)
async def test_what_cannot_be_unpacked_is_refused(
    gate: httpx.AsyncClient, body: bytes, encoding: str, status: int, told: str
) -> None:
    headers = {"content-encoding": encoding}
    refused = await gate.post("/v2/models/tiny/infer", content=body, headers=headers)
    assert (refused.status_code, told in refused.json()["error"]) == (status, True), refused.text


async def test_names_may_hold_slashes(site: Site, gate: httpx.AsyncClient, alice: str) -> None:
    await site.deploy("halves", doubled())
    async with site.database.session() as session:
        (await session.exec(select(Router).where(Router.name == "halves"))).one().name = "nautical/halves"
        await touch_catalog(session)
    async with gateway(site, GatewaySettings(), alice) as fresh:
        assert (await fresh.get("/v2/models/nautical/halves")).json()["name"] == "nautical/halves"
        assert (await fresh.get("/v2/models/nautical/halves/versions/1/ready")).status_code == 200
        body = {"inputs": [of_json("half", np.ones(1), "FP16")]}
        answer = await fresh.post("/v2/models/nautical%2Fhalves/infer", json=body)
        assert answer.json()["outputs"][0]["data"] == [2.0]


async def test_halves_and_truths(
    client: triton.InferenceServerClient, gate: httpx.AsyncClient, bearer: dict[str, str]
) -> None:
    half = np.array([0.5, 1.5, -3.0], np.float16)
    answer = await client.infer("doubled", list(tensors(half=half)), headers=bearer)
    assert (answer.as_numpy("twice") == 2 * half).all()
    assert answer.as_numpy("twice").dtype == np.float16
    assert answer.as_numpy("large").tolist() == [False, True, False]
    assert np.isnan(answer.as_numpy("log")[2])
    body = {"inputs": [of_json("half", half, "FP16")], "outputs": [{"name": "large"}, {"name": "twice"}]}
    told = (await gate.post("/v2/models/doubled/infer", json=body)).json()["outputs"]
    assert [each["data"] for each in told] == [[False, True, False], [1.0, 3.0, -6.0]]
    body["outputs"] = [{"name": "log"}]
    refused = await gate.post("/v2/models/doubled/infer", json=body)
    assert refused.status_code == 502
    assert "binary_data" in refused.json()["error"]


async def test_graphs_of_a_model_of_several_have_names_of_their_own(
    client: triton.InferenceServerClient, gate: httpx.AsyncClient, bearer: dict[str, str]
) -> None:
    pixels = np.random.default_rng(0).normal(size=(2, 3, 32, 32)).astype(np.float32)
    answer = await client.infer("clip.image", list(tensors(pixel_values=pixels)), headers=bearer)
    assert answer.as_numpy("image_embeds").shape == (2, 16)
    assert (await client.get_model_metadata("clip.text", headers=bearer))["name"] == "clip.text"
    refused = await gate.get("/v2/models/clip")
    assert (refused.status_code, refused.json()) == (
        400,
        {"error": "model clip is several graphs: ask for clip.image or clip.text"},
    )
    assert (await gate.get("/v2/models/clip.sound")).status_code == 404


LONG = np.ones((1, MAX_LENGTH + 1), np.int64)
ROWS = np.ones((9, 2), np.int64)


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ([], "takes each of these inputs once"),
        ([of_json("input_ids", IDS, "INT64")], "takes each of these inputs once"),
        ([*request()["inputs"], of_json("more", IDS, "INT64")], "takes each of these inputs once"),
        ([*request()["inputs"], request()["inputs"][0]], "takes each of these inputs once"),
        ([of_json("input_ids", IDS, "INT32"), request()["inputs"][1]], "and is INT32"),
        ([of_json("input_ids", IDS[0], "INT64"), request()["inputs"][1]], "and has the shape [4]"),
        ([of_json("input_ids", IDS, "INT64", shape=[2, 3]), request()["inputs"][1]], "has 8 elements"),
        ([of_json("input_ids", IDS, "INT64", data=[1, "x"]), request()["inputs"][1]], "whole numbers alone"),
        ([of_json("input_ids", IDS, "INT64", data=[[1], [2, 3]]), request()["inputs"][1]], "equal lengths"),
        ([of_json("input_ids", IDS + len(WORDS), "INT64"), request()["inputs"][1]], "must hold tokens of"),
        ([of_json("input_ids", -IDS, "INT64"), request()["inputs"][1]], "must hold tokens of"),
        (
            [request()["inputs"][0], of_json("attention_mask", MASK * 2, "INT64")],
            "attention_mask must hold 0",
        ),
        ([of_json("input_ids", IDS[:1], "INT64"), request()["inputs"][1]], "equally many rows"),
        ([of_json("input_ids", IDS[:, :3], "INT64"), request()["inputs"][1]], "must have one shape"),
        ([of_json(name, LONG, "INT64") for name in ("input_ids", "attention_mask")], "rows of 33 tokens"),
        ([of_json(name, ROWS, "INT64") for name in ("input_ids", "attention_mask")], "9 rows were sent"),
    ],
)
async def test_tensors_that_the_graph_does_not_take_are_refused(
    gate: httpx.AsyncClient, inputs: list[Any], told: str
) -> None:
    refused = await gate.post("/v2/models/tiny/infer", json={"inputs": inputs})
    assert refused.status_code == 400
    assert told in refused.json()["error"]


@pytest.mark.parametrize(
    ("body", "headers", "told"),
    [
        (b"{", {}, "not valid JSON"),
        (b"[]", {}, "must be a JSON object"),
        (b"{}", {}, "`inputs` is missing"),
        (json.dumps(request(outputs=[{"name": "no"}])).encode(), {}, "has no output no"),
        (
            json.dumps(request(outputs=[{"name": VECTOR, "parameters": {"classification": 2}}])).encode(),
            {},
            "`classification`",
        ),
        *(
            (json.dumps(request()).encode(), {"Inference-Header-Content-Length": length}, "must be bytes of")
            for length in ("9999", "-1", "", "1_0", "9" * 5000)
        ),
        (json.dumps(request()).encode() + b"1234", {}, "not valid JSON"),
        (
            json.dumps(request()).encode() + b"1234",
            {"Inference-Header-Content-Length": str(len(json.dumps(request())))},
            "4 bytes follow the JSON",
        ),
    ],
)
async def test_broken_bodies_are_refused(
    gate: httpx.AsyncClient, body: bytes, headers: dict[str, str], told: str
) -> None:
    refused = await gate.post("/v2/models/tiny/infer", content=body, headers=headers)
    assert refused.status_code == 400
    assert told in refused.json()["error"]


async def test_what_the_client_hears_of_refusals(
    client: triton.InferenceServerClient, bearer: dict[str, str]
) -> None:
    inputs = list(tensors(input_ids=IDS, attention_mask=MASK))
    for name, headers, told in (
        ("nothing", bearer, "Model not found."),
        ("tiny", None, "Not authenticated"),
        ("tiny", {"Authorization": "Bearer sk-no"}, "Invalid API key."),
    ):
        with pytest.raises(InferenceServerException, match=told):
            await client.infer(name, inputs, headers=headers)


async def test_calls_count_against_limits_and_leave_records(site: Site, alice: str) -> None:
    limits = {**dict.fromkeys(LimitType), LimitType.TOKENS_PER_MINUTE: 8}
    async with gateway(site, GatewaySettings(), await key_with(site, "tensors", limits)) as limited:
        answers = [await limited.post("/v2/models/tiny/infer", json=request()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert "8 input tokens per minute exceeded" in answers[1].json()["error"]
    (record,) = await records(site, "tensors", 1)
    assert (record.prompt_tokens, record.model_prompt_tokens, record.api) == (7, 7, "kserve")


async def test_unknown_paths_are_answered_as_the_protocol_does(gate: httpx.AsyncClient) -> None:
    assert (await gate.get("/v2")).json()["name"] == "trireme"
    for path in ("/v2/repository/index", "/v2/models", "/v2/models/tiny/stats"):
        answer = await gate.get(path)
        assert answer.status_code == 404
        assert "error" in answer.json()
