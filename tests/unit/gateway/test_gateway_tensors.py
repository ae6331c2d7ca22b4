"""Plain numbers of a request: what is taken, and what is said of the rest."""

import msgspec
import numpy as np
import pytest

from gateway.serving.tasks.tensors import read_inputs
from model_repository.errors import RefusedInputError
from model_repository.manifest import TensorSpec

SPECS = (
    TensorSpec(name="x", datatype="FP32", shape=(-1, 2)),
    TensorSpec(name="n", datatype="UINT8", shape=(1,)),
    TensorSpec(name="on", datatype="BOOL", shape=(-1,)),
)
RIGHT = {"x": [[1, 2.5]], "n": [255], "on": [True]}


def test_numbers_become_tensors_of_the_right_type() -> None:
    tensors = read_inputs(msgspec.json.encode({"inputs": RIGHT}), SPECS)
    assert {name: str(tensor.dtype) for name, tensor in tensors.items()} == {
        "x": "float32",
        "n": "uint8",
        "on": "bool",
    }
    np.testing.assert_array_equal(tensors["x"], [[1, 2.5]])


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        ({"x": [1, 2]}, "`inputs.x` must be FP32 of the shape [-1, 2], and has the shape [2]"),
        ({"x": [[1, 2, 3]]}, "and has the shape [1, 3]"),
        ({"x": []}, "and has the shape [0]"),
        ({"on": []}, "and has the shape [0]"),
        ({"x": [[1, 2], [3]]}, "in lists of equal lengths"),
        ({"x": [["1", "2"]]}, "must be FP32 of the shape [-1, 2]: numbers alone"),
        ({"x": [[None, 2]]}, "numbers alone"),
        ({"x": [[1e300, 2]]}, "none larger than 3.40282e+38"),
        ({"n": [256]}, "from 0 to 255"),
        ({"n": [2**70]}, "whole numbers alone"),
        ({"n": [1.5]}, "whole numbers alone"),
        ({"on": [1]}, "true or false alone"),
        ({"y": [1]}, "`inputs.y` is unknown: `inputs` must have x (FP32 of the shape [-1, 2]), n (UINT8"),
    ],
)
def test_what_is_not_taken(wrong: dict[str, object], cause: str) -> None:
    with pytest.raises(RefusedInputError) as caught:
        read_inputs(msgspec.json.encode({"inputs": RIGHT | wrong}), SPECS)
    assert cause in caught.value.message


def test_what_is_missing() -> None:
    for params, cause in (
        (b"{}", "`inputs` must be an object with x (FP32"),
        (b'{"inputs": [1]}', "`inputs` must be an object"),
        (b'{"inputs": {"x": [[1, 2]], "n": [1]}}', "`inputs.on` is missing"),
    ):
        with pytest.raises(RefusedInputError, match=cause.replace("(", r"\(")):
            read_inputs(params, SPECS)
