"""The same model for GPU hosts: an entry of Triton's vLLM backend, written from the manifest of ours.

That backend loads the original weights itself, batches continuously and tokenises inside, so the entry holds
no graph: `config.pbtxt` and `<version>/model.json`, the arguments of its engine. Its inputs and outputs are
texts, and its sampling parameters have names of their own, see `sampling_json`. It takes decoders only.

The entry is made for another host, with its own copy of the weights; nothing here runs vLLM.
"""

import msgspec
from tritonclient.grpc.model_config_pb2 import (
    TYPE_BOOL,
    TYPE_STRING,
    ModelConfig,
    ModelInput,
    ModelInstanceGroup,
    ModelOutput,
)

from model_repository.config import to_pbtxt
from model_repository.errors import RefusedInputError, RepositoryError
from model_repository.generation import SamplingParameters
from model_repository.heads import GenerationHead
from model_repository.layout import CONFIG
from model_repository.manifest import Manifest, Precision

MODEL = "model.json"

DTYPES = {Precision.FP32: "float32", Precision.FP16: "float16", Precision.BF16: "bfloat16"}


class VllmOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the host decides.

    Attributes:
        weights: folder of the original model as the GPU host sees it.
        memory: share of the GPU's memory that vLLM may take, 0 to 1.
        gpus: GPUs that one copy of the model is spread over.

    """

    weights: str
    memory: float = 0.9
    gpus: int = 1


def vllm_entry(manifest: Manifest, options: VllmOptions) -> dict[str, bytes]:
    """Files of the entry by path relative to it.

    Raises:
        RepositoryError: the model does not generate, or has an encoder, which vLLM does not run.

    """
    head = manifest.head
    if not isinstance(head, GenerationHead) or head.encoder_decoder:
        raise RepositoryError(
            f"{manifest.entry} is no decoder",
            hint="vLLM runs decoders; keep others on the backend generation.",
        )
    engine = {
        "model": options.weights,
        "dtype": DTYPES.get(manifest.engine.precision, "auto"),
        "max_model_len": head.max_length,
        "gpu_memory_utilization": options.memory,
        "tensor_parallel_size": options.gpus,
        "disable_log_stats": True,
    }
    return {
        CONFIG: to_pbtxt(_config(manifest)).encode(),
        f"{manifest.version}/{MODEL}": msgspec.json.format(msgspec.json.encode(engine), indent=2) + b"\n",
    }


def sampling_json(parameters: SamplingParameters) -> bytes:
    """Content of vLLM's input `sampling_parameters`.

    Raises:
        RefusedInputError: vLLM has no such parameter.

    """
    if parameters.num_beams > 1 or parameters.no_repeat_ngram_size:
        raise RefusedInputError("this model runs in vLLM, which has no beam search and no rule for n-grams")
    if parameters.top_logprobs is not None or parameters.json_schema is not None:
        raise RefusedInputError(
            "this model runs in vLLM, which is asked for no logprobs and no JSON schemas here"
        )
    named: dict[str, object] = {
        "n": parameters.num_return_sequences,
        "max_tokens": parameters.max_new_tokens,
        "min_tokens": parameters.min_new_tokens,
        "temperature": parameters.temperature if parameters.do_sample else 0.0,
        "top_k": parameters.top_k or -1,
        "top_p": parameters.top_p,
        "repetition_penalty": parameters.repetition_penalty,
        "presence_penalty": parameters.presence_penalty,
        "frequency_penalty": parameters.frequency_penalty,
        "stop_token_ids": parameters.stop_ids,
    }
    if parameters.logit_bias:
        named["logit_bias"] = {str(token): bias for token, bias in parameters.logit_bias.items()}
    if parameters.seed is not None:
        named["seed"] = parameters.seed
    return msgspec.json.encode(named)


def _config(manifest: Manifest) -> ModelConfig:
    config = ModelConfig(
        name=manifest.entry,
        backend="vllm",
        max_batch_size=0,
        input=[
            ModelInput(name="text_input", data_type=TYPE_STRING, dims=[1]),
            ModelInput(name="stream", data_type=TYPE_BOOL, dims=[1], optional=True),
            ModelInput(name="sampling_parameters", data_type=TYPE_STRING, dims=[1], optional=True),
            ModelInput(name="exclude_input_in_output", data_type=TYPE_BOOL, dims=[1], optional=True),
        ],
        output=[ModelOutput(name="text_output", data_type=TYPE_STRING, dims=[-1])],
        instance_group=[ModelInstanceGroup(kind=ModelInstanceGroup.KIND_MODEL, count=1)],
    )
    config.model_transaction_policy.decoupled = True
    return config
