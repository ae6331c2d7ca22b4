"""config.pbtxt says what the manifest says, in the vendor's terms."""

import msgspec
import pytest
from tritonclient.grpc.model_config_pb2 import TYPE_FP32, TYPE_INT64, ModelInstanceGroup

from model_repository.config import from_pbtxt, model_config, to_pbtxt
from model_repository.errors import RepositoryError
from model_repository.manifest import Engine, EngineSpec, Manifest, Precision, TensorSpec


def test_tensors_lose_the_batch_axis_that_triton_adds(manifest: Manifest) -> None:
    config = model_config(manifest)
    assert (config.name, config.backend, config.max_batch_size) == ("global.tiny.3", "onnxruntime", 8)
    assert [(t.name, t.data_type, list(t.dims)) for t in config.input] == [("input_ids", TYPE_INT64, [-1])]
    assert [(t.name, t.data_type, list(t.dims)) for t in config.output] == [
        ("sentence_embedding", TYPE_FP32, [4])
    ]
    assert not config.HasField("dynamic_batching")
    assert [(g.kind, g.count) for g in config.instance_group] == [(ModelInstanceGroup.KIND_CPU, 1)]


def test_images_have_fixed_axes_and_tokens_several_dynamic_ones(manifest: Manifest) -> None:
    images = TensorSpec(name="pixel_values", datatype="FP32", shape=(-1, 3, 224, 224))
    logits = TensorSpec(name="logits", datatype="FP32", shape=(-1, -1, 9))
    config = model_config(msgspec.structs.replace(manifest, inputs=(images,), outputs=(logits,)))
    assert [(t.data_type, list(t.dims)) for t in config.input] == [(TYPE_FP32, [3, 224, 224])]
    assert [(t.data_type, list(t.dims)) for t in config.output] == [(TYPE_FP32, [-1, 9])]
    assert not [tensor for tensor in config.input if tensor.allow_ragged_batch]
    assert config.HasField("dynamic_batching")


def test_a_part_of_a_version_is_named_after_it(manifest: Manifest) -> None:
    assert model_config(msgspec.structs.replace(manifest, part="image")).name == "global.tiny.3.image"


def test_text_form_round_trips(manifest: Manifest) -> None:
    config = model_config(manifest)
    assert from_pbtxt(to_pbtxt(config)) == config
    assert to_pbtxt(config) == to_pbtxt(model_config(manifest))


def test_text_that_is_no_configuration_is_refused() -> None:
    with pytest.raises(RepositoryError, match="not a model configuration"):
        from_pbtxt("nonsense: {")


@pytest.mark.parametrize(
    ("engine", "precision", "expected"),
    [
        (Engine.ONNXRUNTIME, Precision.FP32, {"threads": "2"}),
        (Engine.OPENVINO, Precision.FP32, {"threads": "2", "ENABLE_BATCH_PADDING": "YES"}),
        (
            Engine.OPENVINO,
            Precision.BF16,
            {"threads": "2", "ENABLE_BATCH_PADDING": "YES", "HINT_BF16": "YES"},
        ),
    ],
)
def test_parameters(
    manifest: Manifest, engine: Engine, precision: Precision, expected: dict[str, str]
) -> None:
    spec = EngineSpec(engine=engine, precision=precision, options={"threads": "2"})
    config = model_config(msgspec.structs.replace(manifest, engine=spec))
    assert {key: value.string_value for key, value in config.parameters.items()} == expected
    assert config.default_model_filename == ("model.xml" if engine is Engine.OPENVINO else "model.onnx")


@pytest.mark.parametrize(
    "tensor",
    [
        TensorSpec(name="x", datatype="INT63", shape=(-1, -1)),
        TensorSpec(name="x", datatype="INT64", shape=(1, -1)),
        TensorSpec(name="x", datatype="INT64", shape=()),
    ],
)
def test_tensors_that_cannot_be_served_are_refused(manifest: Manifest, tensor: TensorSpec) -> None:
    with pytest.raises(RepositoryError, match="tensor x"):
        model_config(msgspec.structs.replace(manifest, inputs=(tensor,)))
