"""Arrays survive the trip through KServe messages, bit for bit."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tritonclient.grpc.service_pb2 import ModelInferRequest, ModelInferResponse

from model_repository.errors import InferenceError
from model_repository.tensors import DTYPES, Array, infer_body, infer_request, read_body, read_outputs

arrays = st.sampled_from(sorted(DTYPES.keys() - {"BYTES"})).flatmap(
    lambda name: hnp.arrays(DTYPES[name], hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5))
)


@given(st.dictionaries(st.text(min_size=1, max_size=5), arrays, max_size=3), st.booleans())
def test_round_trip(tensors: dict[str, Array], transposed: bool) -> None:
    if transposed:  # memory that is not contiguous
        tensors = {name: array.T for name, array in tensors.items()}
    request = ModelInferRequest.FromString(infer_request("global.tiny.1", tensors, ["a", "b"]))
    assert request.model_name == "global.tiny.1"
    assert [output.name for output in request.outputs] == ["a", "b"]
    response = ModelInferResponse(raw_output_contents=request.raw_input_contents)
    for tensor in request.inputs:
        response.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
    answer = read_outputs(response)
    assert answer.keys() == tensors.keys()
    for name, array in tensors.items():
        assert answer[name].dtype == array.dtype
        assert answer[name].shape == array.shape
        assert answer[name].tobytes() == array.tobytes()
        assert not answer[name].flags.owndata


@given(hnp.arrays(np.object_, hnp.array_shapes(min_dims=1, max_dims=2, max_side=3), elements=st.binary()))
def test_bytes_round_trip(array: Array) -> None:
    request = ModelInferRequest.FromString(infer_request("global.tiny.1", {"x": array}, ["y"]))
    (tensor,) = request.inputs
    response = ModelInferResponse(raw_output_contents=request.raw_input_contents)
    response.outputs.add(name="y", datatype=tensor.datatype, shape=tensor.shape)
    answer = read_outputs(response)["y"]
    assert tensor.datatype == "BYTES"
    assert answer.shape == array.shape
    assert answer.tolist() == array.tolist()


def echoed(tensors: dict[str, Array]) -> tuple[int, bytes]:
    """An answer over HTTP that gives the inputs back."""
    length, body = infer_body(tensors, ["a", "b"])
    told = json.loads(body[:length])
    assert [output["name"] for output in told["outputs"]] == ["a", "b"]
    head = json.dumps({"model_name": "m", "outputs": told["inputs"]}).encode()
    return len(head), head + body[length:]


@given(st.dictionaries(st.text(min_size=1, max_size=5), arrays, max_size=3), st.booleans())
def test_round_trip_over_http(tensors: dict[str, Array], transposed: bool) -> None:
    if transposed:
        tensors = {name: array.T for name, array in tensors.items()}
    answer = read_body(*echoed(tensors))
    assert answer.keys() == tensors.keys()
    for name, array in tensors.items():
        assert answer[name].dtype == array.dtype
        assert answer[name].shape == array.shape
        assert answer[name].tobytes() == array.tobytes()
        assert answer[name].flags.aligned
        assert not answer[name].flags.writeable


@given(hnp.arrays(np.object_, hnp.array_shapes(min_dims=1, max_dims=2, max_side=3), elements=st.binary()))
def test_bytes_round_trip_over_http(array: Array) -> None:
    answer = read_body(*echoed({"x": array, "y": np.ones(3)}))
    assert answer["x"].shape == array.shape
    assert answer["x"].tolist() == array.tolist()
    assert answer["y"].tolist() == [1, 1, 1]


@given(st.binary(max_size=40), st.integers(0, 40))
def test_answers_that_are_none_are_refused(body: bytes, head: int) -> None:
    with pytest.raises(InferenceError):
        read_body(head, body)


def test_an_answer_that_ends_early_is_refused() -> None:
    head, body = echoed({"x": np.ones(3)})
    with pytest.raises(InferenceError, match="cannot be read"):
        read_body(head, body[:-1])


@pytest.mark.parametrize("size", [0, 127, 128, 16_383, 16_384, 2_097_152])
def test_tensors_of_any_length(size: int) -> None:
    array = np.arange(size, dtype=np.uint8)
    request = ModelInferRequest.FromString(
        infer_request("global.tiny.1", {"x": array, "z": array[:1]}, ["y"])
    )
    assert list(request.raw_input_contents) == [array.tobytes(), array[:1].tobytes()]


def test_types_that_cannot_travel_are_refused() -> None:
    with pytest.raises(InferenceError, match="complex128"):
        infer_request("global.tiny.1", {"x": np.zeros(1, complex)}, ["y"])
    response = ModelInferResponse(raw_output_contents=[b""])
    response.outputs.add(name="y", datatype="BF16", shape=[0])
    with pytest.raises(InferenceError, match="BF16"):
        read_outputs(response)
