"""Tensors of the KServe protocol in and out: strings, halves, and what does not fit."""

from typing import Any

import msgspec
import numpy as np
import pytest
from kserve_graphs import graph
from tritonclient.utils import serialize_byte_tensor

from gateway.serving.kserve.messages import InferRequest
from gateway.serving.kserve.reading import Message, read_inputs, wanted
from gateway.serving.kserve.writing import write
from model_repository.errors import InferenceError, RefusedInputError
from model_repository.manifest import TensorSpec

TEXTS = np.array([[b"bow", "stern ⚓".encode()], [b"", b"mast"]], np.object_)
PACKED = serialize_byte_tensor(TEXTS).item()


STRINGS = graph(TensorSpec(name="texts", datatype="BYTES", shape=(-1, 2)))
HALVES = graph(TensorSpec(name="halves", datatype="FP16", shape=(-1,)))


def message(*inputs: dict[str, Any], binary: bytes = b"", **fields: Any) -> Message:
    request = msgspec.convert({"inputs": list(inputs), **fields}, InferRequest)
    return Message(request, memoryview(binary))


def texts(**fields: Any) -> dict[str, Any]:
    return {"name": "texts", "shape": [2, 2], "datatype": "BYTES", **fields}


def halves(**fields: Any) -> dict[str, Any]:
    return {"name": "halves", "shape": [2], "datatype": "FP16", **fields}


def size(number: object) -> dict[str, Any]:
    return {"parameters": {"binary_data_size": number}}


@pytest.mark.parametrize("data", [["bow", "stern ⚓", "", "mast"], [["bow", "stern ⚓"], ["", "mast"]]])
def test_strings_are_read_from_json_flat_or_nested(data: list[Any]) -> None:
    assert (read_inputs(message(texts(data=data)), STRINGS)["texts"] == TEXTS).all()


def test_strings_are_read_from_bytes() -> None:
    found = read_inputs(message(texts(**size(len(PACKED))), binary=PACKED), STRINGS)["texts"]
    assert (found == TEXTS).all()


def test_bytes_are_dealt_out_in_the_order_of_the_inputs() -> None:
    both = graph(*HALVES.inputs, *STRINGS.inputs)
    array = np.array([0.5, -2.0], np.float16)
    sent = message(texts(**size(len(PACKED))), halves(**size(4)), binary=PACKED + array.tobytes())
    found = read_inputs(sent, both)
    assert found["halves"].dtype == np.float16
    assert (found["halves"] == array).all()
    assert (found["texts"] == TEXTS).all()


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (message(texts(data=["a", "b", "c", 4])), "strings alone"),
        (message(texts(data=["a", ["b"], "c", "d"])), "strings alone"),
        (message(texts(data=["a"])), "has 1 elements"),
        (message(texts()), "neither `data` nor"),
        (message(texts(**size(3)), binary=b"\x09\x00\x00"), "no strings with their lengths"),
        (message(texts(**size(8)), binary=b"\x09\x00\x00\x00abcd"), "no strings with their lengths"),
        (message(texts(**size("4")), binary=b"1234"), "a number of bytes"),
        (message(texts(**size(-4)), binary=b"1234"), "a number of bytes"),
        (message(texts(parameters={"shared_memory_region": "x"})), "shared memory"),
    ],
)
def test_what_are_no_strings_is_refused(sent: Message, told: str) -> None:
    with pytest.raises(RefusedInputError, match=told):
        read_inputs(sent, STRINGS)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (message(halves(**size(6)), binary=b"123456"), "has 4 bytes, and `binary_data_size` is 6"),
        (message(halves(**size(4)), binary=b"123"), "3 bytes follow the JSON"),
        (message(halves(data=[1e6, 0])), "none larger than 65504"),
        (message(halves(data=["1", "2"])), "numbers alone"),
        (message(halves(data=[1.0, 2.0], shape=[0])), "has the shape"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(sent: Message, told: str) -> None:
    with pytest.raises(RefusedInputError, match=told):
        read_inputs(sent, HALVES)


def test_each_output_goes_the_way_that_was_asked_for() -> None:
    outputs = [{"name": "other", "parameters": {"binary_data": True}}, {"name": "out"}, {"name": "out"}]
    sent = message(halves(data=[1, 2]), outputs=outputs, id="mine")
    assert wanted(sent, HALVES) == ["other", "out"]
    arrays = {"other": np.array([1.5], np.float16), "out": np.array([[True], [False]])}
    answer = write(sent.request, "echo", 3, arrays)
    assert answer.json_bytes is not None
    told = msgspec.json.decode(answer.body[: answer.json_bytes])
    assert told == {
        "model_name": "echo",
        "model_version": "3",
        "id": "mine",
        "outputs": [
            {"name": "other", "datatype": "FP16", "shape": [1], "parameters": {"binary_data_size": 2}},
            {"name": "out", "datatype": "BOOL", "shape": [2, 1], "data": [True, False]},
        ],
    }
    assert np.frombuffer(answer.body[answer.json_bytes :], np.float16).tolist() == [1.5]


def test_strings_are_written_both_ways() -> None:
    as_json = write(message().request, "echo", 1, {"out": TEXTS})
    assert as_json.json_bytes is None
    assert msgspec.json.decode(as_json.body)["outputs"][0]["data"] == ["bow", "stern ⚓", "", "mast"]
    request = message(parameters={"binary_data_output": True}).request
    as_bytes = write(request, "echo", 1, {"out": TEXTS})
    assert as_bytes.body.endswith(PACKED)


@pytest.mark.parametrize("array", [np.array([np.nan]), np.array([-np.inf]), np.array([b"\xff"], np.object_)])
def test_what_json_cannot_hold_is_told(array: np.ndarray) -> None:
    with pytest.raises(InferenceError, match="the output out holds"):
        write(message().request, "echo", 1, {"out": array})
