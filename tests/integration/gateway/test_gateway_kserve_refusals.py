"""What `/v2` refuses: tensors and bodies that are not what they should be."""

import gzip
import json
import zlib
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http.aio as triton
from kserve_tensors import IDS, MASK, VECTOR, of_json, request, tensors
from tiny_model import MAX_LENGTH, WORDS
from tritonclient.utils import InferenceServerException

from gateway.settings import GatewaySettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

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
    kserve: httpx.AsyncClient, inputs: list[Any], told: str
) -> None:
    refused = await kserve.post("/v2/models/tiny/infer", json={"inputs": inputs})
    assert refused.status_code == 400
    assert told in refused.json()["error"]


async def test_values_that_the_graph_cannot_compute_with_are_the_caller_s(kserve: httpx.AsyncClient) -> None:
    path = "/v2/models/looked-up/infer"
    answer = await kserve.post(path, json={"inputs": [of_json("place", np.array([2, 1]), "INT64")]})
    assert answer.json()["outputs"][0]["data"] == [4.0, 2.0]
    refused = await kserve.post(path, json={"inputs": [of_json("place", np.array([2, 3]), "INT64")]})
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("model looked-up cannot compute with the values")
    assert "index" in refused.json()["error"]


@pytest.mark.parametrize(
    ("body", "headers", "told"),
    [
        (b"", {}, "must be a JSON object"),
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
    kserve: httpx.AsyncClient, body: bytes, headers: dict[str, str], told: str
) -> None:
    refused = await kserve.post("/v2/models/tiny/infer", content=body, headers=headers)
    assert refused.status_code == 400
    assert told in refused.json()["error"]


@pytest.mark.parametrize(
    ("body", "encoding", "status", "told"),
    [
        (b"{}", "br", 415, "must be gzip or deflate"),
        (b"{}", "gzip", 400, "not valid gzip"),
        (gzip.compress(b"{}", mtime=0)[:-1], "gzip", 400, "does not end"),
        (zlib.compress(b"{}") + b"more", "deflate", 400, "does not end"),
        (gzip.compress(bytes(GatewaySettings().max_body_bytes + 1), mtime=0), "gzip", 413, "is larger than"),
    ],
    ids=["unknown", "no gzip", "cut short", "more behind it", "too large"],
)
async def test_what_cannot_be_unpacked_is_refused(
    kserve: httpx.AsyncClient, body: bytes, encoding: str, status: int, told: str
) -> None:
    headers = {"content-encoding": encoding}
    refused = await kserve.post("/v2/models/tiny/infer", content=body, headers=headers)
    assert (refused.status_code, told in refused.json()["error"]) == (status, True), refused.text


async def test_what_the_client_hears_of_refusals(
    triton_client: triton.InferenceServerClient, bearer: dict[str, str]
) -> None:
    inputs = list(tensors(input_ids=IDS, attention_mask=MASK))
    for name, headers, told in (
        ("nothing", bearer, "Model not found."),
        ("tiny", None, "Not authenticated"),
        ("tiny", {"Authorization": "Bearer sk-no"}, "Invalid API key."),
    ):
        with pytest.raises(InferenceServerException, match=told):
            await triton_client.infer(name, inputs, headers=headers)
