"""Models that look at pictures, made on the spot with weights of no meaning, and pictures for them."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from transformers import ViTConfig, ViTForImageClassification

from control_plane.catalogue import CatalogueModel
from model_repository.manifest import Task

SIDE = 224
CLASSES = 10
PHOTO = (640, 480)

PREPROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "size": {"height": SIDE, "width": SIDE},
    "image_mean": [0.5] * 3,
    "image_std": [0.5] * 3,
}


def means(folder: Path) -> CatalogueModel:
    """A graph that reads every number and does next to nothing with it: what is left is the transport."""
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["pixel_values", "axes"], ["means"], keepdims=0)],
        "means",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["images", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("means", TensorProto.FLOAT, ["images", 3])],
        [numpy_helper.from_array(np.array([2, 3]), "axes")],
    )
    folder.mkdir(exist_ok=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, folder / "model.onnx")
    return CatalogueModel(name="means", source=f"file:{folder}", tasks=(Task.CUSTOM,))


def vit_tiny(folder: Path) -> CatalogueModel:
    """ViT-Ti/16, one of the smallest image models that people use: 1.3 billion multiplications a picture."""
    torch.manual_seed(0)
    labels = {index: f"class {index}" for index in range(CLASSES)}
    shape = ViTConfig(
        hidden_size=192, num_hidden_layers=12, num_attention_heads=3, intermediate_size=768, id2label=labels
    )
    ViTForImageClassification(shape).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    return CatalogueModel(name="vit-tiny", source=f"file:{folder}", tasks=(Task.IMAGE_CLASSIFICATION,))


def pixels(count: int) -> list[NDArray[np.float32]]:
    """What a graph reads of so many pictures, 602 kB each."""
    random = np.random.default_rng(0)
    return [random.standard_normal((3, SIDE, SIDE), np.float32) for _ in range(count)]


def photo(seed: int) -> bytes:
    """JPEG with soft shapes."""
    width, height = PHOTO
    colours = np.random.default_rng(seed).integers(0, 256, (height // 16, width // 16, 3), np.uint8)
    buffer = BytesIO()
    Image.fromarray(colours).resize(PHOTO, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
