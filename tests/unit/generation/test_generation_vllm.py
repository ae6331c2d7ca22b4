"""The entry for vLLM says what the manifest says, in vLLM's terms."""

import json

import pytest
from msgspec.structs import replace
from tritonclient.grpc.model_config_pb2 import ModelInstanceGroup

from model_repository.config import from_pbtxt
from model_repository.errors import RefusedInputError, RepositoryError
from model_repository.generation import INPUTS, OUTPUTS, SamplingParameters
from model_repository.heads import GenerationHead
from model_repository.manifest import Engine, EngineSpec, Manifest, Precision, SourceRecord, Task
from model_repository.parity import ParityReport, ParityThresholds
from model_repository.vllm import VllmOptions, sampling_json, vllm_entry

HEAD = GenerationHead(encoder_decoder=False, eos_ids=(2,), bos_id=1, max_length=8192)
MANIFEST = Manifest(
    owner="global",
    name="smollm2",
    version=3,
    tasks=(Task.TEXT_GENERATION,),
    head=HEAD,
    source=SourceRecord(uri="file:x", digest="sha256:0", architecture="LlamaForCausalLM"),
    engine=EngineSpec(engine=Engine.GENERATION, precision=Precision.BF16),
    inputs=INPUTS,
    outputs=OUTPUTS,
    max_batch_size=0,
    tokenizer=None,
    parity=ParityReport(passed=True, thresholds=ParityThresholds(max_abs_diff=1, min_cosine=-1), cases=()),
    candidates=(),
    tools={},
    created_at="2026-01-01T00:00:00Z",
)
OPTIONS = VllmOptions(weights="/models/smollm2", gpus=2)


def test_the_entry_names_weights_length_and_precision() -> None:
    files = vllm_entry(MANIFEST, OPTIONS)
    config = from_pbtxt(files["config.pbtxt"].decode())
    assert (config.name, config.backend, config.max_batch_size) == ("global.smollm2.3", "vllm", 0)
    assert config.model_transaction_policy.decoupled
    assert [group.kind for group in config.instance_group] == [ModelInstanceGroup.KIND_MODEL]
    assert config.input[0].name == "text_input"
    engine = json.loads(files["3/model.json"])
    assert (engine["model"], engine["dtype"], engine["max_model_len"]) == (
        "/models/smollm2",
        "bfloat16",
        8192,
    )
    assert engine["tensor_parallel_size"] == 2


def test_encoder_decoders_are_refused() -> None:
    with pytest.raises(RepositoryError, match="no decoder"):
        vllm_entry(replace(MANIFEST, head=replace(HEAD, encoder_decoder=True)), OPTIONS)


def test_sampling_parameters_have_other_names() -> None:
    greedy = json.loads(sampling_json(SamplingParameters(max_new_tokens=9, min_new_tokens=2, stop_ids=(7,))))
    assert greedy["temperature"] == 0
    assert (greedy["max_tokens"], greedy["min_tokens"], greedy["stop_token_ids"]) == (9, 2, [7])
    assert (greedy["top_k"], greedy["n"]) == (-1, 1)
    assert "seed" not in greedy
    drawn = json.loads(
        sampling_json(
            SamplingParameters(
                max_new_tokens=9,
                do_sample=True,
                temperature=0.5,
                top_k=4,
                top_p=0.9,
                seed=3,
                repetition_penalty=1.2,
                presence_penalty=0.5,
                frequency_penalty=-0.5,
                logit_bias={7: 1.5},
                num_return_sequences=2,
            )
        )
    )
    assert (drawn["temperature"], drawn["top_k"], drawn["top_p"], drawn["seed"]) == (0.5, 4, 0.9, 3)
    assert (drawn["repetition_penalty"], drawn["n"]) == (1.2, 2)
    assert (drawn["presence_penalty"], drawn["frequency_penalty"]) == (0.5, -0.5)
    assert drawn["logit_bias"] == {"7": 1.5}


@pytest.mark.parametrize(
    "unknown", [{"num_beams": 2}, {"no_repeat_ngram_size": 3}, {"top_logprobs": 0}, {"json_schema": "{}"}]
)
def test_what_vllm_has_not_is_refused(unknown: dict[str, int | str]) -> None:
    with pytest.raises(RefusedInputError):
        sampling_json(SamplingParameters(max_new_tokens=9, **unknown))
