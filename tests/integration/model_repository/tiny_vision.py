"""A tiny image classifier that both engines and numpy compute, for images of one size or of any."""

import msgspec
import numpy as np
import tiny_encoder
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tiny_repository import TinyModel

from model_repository.heads import ClassificationHead, ImageSpec
from model_repository.manifest import Engine, Manifest, Task, TensorSpec
from model_repository.tensors import Array

LABELS = ("cat", "cup", "galley", "oar")
WEIGHTS = np.random.default_rng(2).standard_normal((3, len(LABELS))).astype(np.float32)


def reference(inputs: dict[str, Array]) -> NDArray[np.float32]:
    """Logits: the mean of each channel through one dense layer."""
    logits: NDArray[np.float32] = inputs["pixel_values"].mean(axis=(2, 3), dtype=np.float32) @ WEIGHTS
    return logits


def sample(batch: int, height: int, width: int, seed: int = 0) -> dict[str, Array]:
    """Images, normalised."""
    random = np.random.default_rng(seed)
    return {"pixel_values": random.standard_normal((batch, 3, height, width)).astype(np.float32)}


def vision(side: int | None) -> TinyModel:
    """The model for square images of one size, or for any (None)."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixel_values"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
    ]
    image = ["batch", 3, side or "height", side or "width"]
    graph = helper.make_graph(
        nodes,
        "tiny-vision",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, image)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(LABELS)])],
        [numpy_helper.from_array(WEIGHTS, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return TinyModel(model, sample(3, side or 5, side or 9), "logits", reference)


def make_manifest(engine: Engine, side: int | None) -> Manifest:
    """Its manifest."""
    return msgspec.structs.replace(
        tiny_encoder.make_manifest(engine),
        tasks=(Task.IMAGE_CLASSIFICATION,),
        inputs=(TensorSpec(name="pixel_values", datatype="FP32", shape=(-1, 3, side or -1, side or -1)),),
        outputs=(TensorSpec(name="logits", datatype="FP32", shape=(-1, len(LABELS))),),
        tokenizer=None,
        image=ImageSpec(
            height=side or 8,
            width=side or 8,
            resize=side or 8,
            keep_ratio=True,
            resample="bicubic",
            mean=(0.5, 0.5, 0.5),
            std=(0.5, 0.5, 0.5),
        ),
        head=ClassificationHead(output="logits", labels=LABELS),
    )
