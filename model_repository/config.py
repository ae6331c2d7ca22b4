"""`config.pbtxt` of an entry, made from its manifest as Triton's own protobuf message.

Only settings that the vendor's native backends know or pass over are written, so that the same entry loads in
the embedded server and in the vendor's container. What the native backends read as `parameters`:

- onnxruntime: `intra_op_thread_count`, `inter_op_thread_count`, `execution_mode` and switches of memory.
- openvino: `INFERENCE_NUM_THREADS`, `NUM_STREAMS`, `PERFORMANCE_HINT`; `ENABLE_BATCH_PADDING`, without which
  it refuses batches smaller than `max_batch_size`; and `HINT_BF16`, whose only value is `YES`. Nothing there
  forces f32, and OpenVINO computes in bf16 by itself on CPUs with units for it: the probe of the rollout then
  refuses an fp32 entry rather than serve other figures than were proved.
- openvino_packed: no backend of the vendor; ours reads what `openvino` reads.
- tensorrt: none; the instances stand on the GPU and use the plan's only profile. Its inputs and outputs keep
  the types of the plain graph, whatever the plan computes in: the casts lie inside.
- tensorrt_rtx: no backend of the vendor; ours reads what the plan was built for, and refuses any other GPU.
- custom: no backend of the vendor; a host of its container gets ours, and bubblewrap.
- generation: no backend of the vendor; on GPU hosts the same manifest becomes an entry of its backend `vllm`,
  see `model_repository.vllm`.
"""

from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import (
    DataType,
    ModelConfig,
    ModelInput,
    ModelInstanceGroup,
    ModelOutput,
)

from model_repository import layout
from model_repository.errors import RepositoryError
from model_repository.manifest import Engine, EngineSpec, Manifest, Precision, TensorSpec
from model_repository.tensors import DTYPES

_TOLD_TO_USE_BF16 = (Engine.OPENVINO, Engine.OPENVINO_PACKED)


def model_config(manifest: Manifest) -> ModelConfig:
    """Triton's configuration of a version.

    A version without batches (`max_batch_size` 0) takes each request as a row of its own. One that generates
    answers it by as many responses as it takes, and what runs together is the backend's own business.

    Triton's dynamic batcher is left out where requests differ in shape: it could not merge them, and it turns
    without rest while one waits that does not fit the one before.

    Raises:
        RepositoryError: a tensor has an unknown datatype or no dynamic batch axis.

    """
    batched = manifest.max_batch_size > 0
    config = ModelConfig(
        name=manifest.entry,
        backend=manifest.engine.engine,
        default_model_filename=layout.MODEL_FILES[manifest.engine.engine],
        max_batch_size=manifest.max_batch_size,
        input=[_tensor(ModelInput, spec, batched=batched) for spec in manifest.inputs],
        output=[_tensor(ModelOutput, spec, batched=batched) for spec in manifest.outputs],
        instance_group=[_instances(manifest.engine)],
    )
    if batched and all(-1 not in spec.shape[1:] for spec in manifest.inputs):
        config.dynamic_batching.SetInParent()
    if manifest.engine.engine is Engine.GENERATION:
        config.model_transaction_policy.decoupled = True
    for key, value in sorted(parameters(manifest.engine).items()):
        config.parameters[key].string_value = value
    return config


def parameters(engine: EngineSpec) -> dict[str, str]:
    """What the engine's backend reads as `parameters`."""
    found = dict(engine.options)
    if engine.engine is Engine.OPENVINO:
        found["ENABLE_BATCH_PADDING"] = "YES"
    if engine.precision is Precision.BF16 and engine.engine in _TOLD_TO_USE_BF16:
        found["HINT_BF16"] = "YES"
    if engine.engine is Engine.TENSORRT_RTX and (plan := engine.plan) is not None:
        found["plan_key"] = plan.key
        found["plan_version"] = plan.version
        found["plan_compute_capability"] = plan.compute_capability
    return found


def to_pbtxt(config: ModelConfig) -> str:
    """Text form of a configuration, the same for the same configuration."""
    text: str = text_format.MessageToString(config)
    return text


def from_pbtxt(text: str) -> ModelConfig:
    """Configuration from its text form.

    Raises:
        RepositoryError: the text is no model configuration.

    """
    try:
        return text_format.Parse(text, ModelConfig())
    except text_format.ParseError as error:
        raise RepositoryError(f"{layout.CONFIG} is not a model configuration: {error}") from error


def _tensor(
    kind: type[ModelInput | ModelOutput], spec: TensorSpec, *, batched: bool
) -> ModelInput | ModelOutput:
    if spec.datatype not in DTYPES:
        raise RepositoryError(f"tensor {spec.name} has the unknown datatype {spec.datatype}")
    if not spec.shape or (batched and spec.shape[0] != -1):
        raise RepositoryError(f"tensor {spec.name} has no dynamic batch axis in front")
    name = "STRING" if spec.datatype == "BYTES" else spec.datatype
    return kind(
        name=spec.name,
        data_type=DataType.Value(f"TYPE_{name}"),
        dims=spec.shape[1:] if batched else spec.shape,
    )


def _instances(engine: EngineSpec) -> ModelInstanceGroup:
    if engine.plan is None:
        return ModelInstanceGroup(kind=ModelInstanceGroup.KIND_CPU, count=engine.instances)
    return ModelInstanceGroup(kind=ModelInstanceGroup.KIND_GPU, count=engine.instances, profile=["0"])
