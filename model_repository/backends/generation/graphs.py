"""Exported graphs as models that the generation loop of transformers can drive.

They have no weights of their own as torch sees it; each step runs a graph in OpenVINO.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import openvino
import torch
from transformers import (
    AutoConfig,
    Cache,
    EncoderDecoderCache,
    GenerationMixin,
    LogitsProcessorList,
    PreTrainedModel,
)
from transformers.modeling_outputs import BaseModelOutput, CausalLMOutputWithPast, Seq2SeqLMOutput

from model_repository.backends.generation.job import Job
from model_repository.generation import CACHED_DECODER, CROSS, DECODER, ENCODER

_CROSS_OUTPUT = "past_key_values.cross_attention_cache.layers.{}.{}"
_CACHED = re.compile(r"(self|cross)_attention_cache\.layers\.(\d+)\.(keys|values)")


class Network:
    """One graph, compiled; used by one thread."""

    def __init__(self, path: Path, properties: dict[str, Any]) -> None:
        compiled = openvino.Core().compile_model(path, "CPU", properties)
        self._request = compiled.create_infer_request()
        self._names = {port.get_any_name() for port in compiled.inputs}
        self.inputs = {port.get_any_name(): port for port in compiled.inputs}

    def run(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Outputs by name; inputs that the graph does not have are left out."""
        arrays = {name: tensor.contiguous().numpy() for name, tensor in inputs.items() if name in self._names}
        outputs = self._request.infer(arrays, share_inputs=True)
        return {port.get_any_name(): torch.from_numpy(array) for port, array in outputs.items()}

    def reset(self) -> None:
        """Forget all that a stateful graph remembers."""
        self._request.reset_state()


class GraphModel(PreTrainedModel, GenerationMixin, ABC):  # type: ignore[misc]  # transformers is not analysed
    """What the loop wants of a model beside its forward.

    Attributes:
        logits: of the last step, `[rows, vocabulary]`, as no parameter has changed them yet.

    """

    logits: torch.Tensor

    def __init__(self, folder: Path) -> None:
        super().__init__(AutoConfig.from_pretrained(folder, local_files_only=True))

    @property
    def device(self) -> torch.device:
        """Where tensors travel; the graphs take theirs from there."""
        return torch.device("cpu")

    @property
    def dtype(self) -> torch.dtype:
        """Of logits and caches, whatever the graphs compute in."""
        return torch.float32

    @abstractmethod
    def begin(self, jobs: Sequence[Job], pad_id: int) -> dict[str, Any]:
        """What the loop is called with for these jobs."""

    @abstractmethod
    def begun(self, inputs: dict[str, Any]) -> int:
        """Tokens that stand before the new ones in what the loop returns."""

    def processors(self, jobs: Sequence[Job]) -> LogitsProcessorList:
        """Rules of the model's own about which tokens may come next."""
        return LogitsProcessorList()

    def together(self, job: Job, other: Job) -> bool:
        """Whether two jobs with the same parameters may run in one batch."""
        return True


class _State(Cache):  # type: ignore[misc]
    """The cache inside a stateful graph, as far as the loop must know of it."""

    def __init__(self) -> None:
        super().__init__(layers=[])
        self.length = 0
        self.rows: torch.Tensor | None = None

    def get_seq_length(self, *_: Any) -> int:
        """Tokens that the graph remembers."""
        return self.length

    def reorder_cache(self, beam_idx: torch.Tensor) -> None:
        """Note which rows go on in which: the graph takes them at its next step."""
        self.rows = beam_idx


class DecoderModel(GraphModel):
    """A decoder whose graph keeps its keys and values itself."""

    def __init__(self, folder: Path, properties: dict[str, Any]) -> None:
        super().__init__(folder)
        self._decoder = Network(folder / DECODER, properties)

    def begin(self, jobs: Sequence[Job], pad_id: int) -> dict[str, Any]:
        """Prompts that end together, and a cache for them; there can be only one at a time."""
        self._decoder.reset()
        return {**_padded(jobs, pad_id, left=True), "past_key_values": _State()}

    def begun(self, inputs: dict[str, Any]) -> int:
        """The prompt."""
        return int(inputs["input_ids"].shape[1])

    def forward(
        self,
        input_ids: torch.Tensor,
        position_ids: torch.Tensor,
        past_key_values: _State,
        attention_mask: torch.Tensor | None = None,
        **_: Any,
    ) -> CausalLMOutputWithPast:
        """Logits of the new tokens, `[rows, new tokens, vocabulary]`."""
        state = past_key_values
        if attention_mask is None:  # the loop leaves out one that masks nothing
            attention_mask = torch.ones(len(input_ids), state.length + input_ids.shape[1], dtype=torch.long)
        rows = torch.arange(len(input_ids)) if state.rows is None else state.rows
        inputs = {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            "position_ids": position_ids,
            "beam_idx": rows.to(torch.int32),
        }
        outputs = self._decoder.run(inputs)
        state.length += input_ids.shape[1]
        state.rows = None
        self.logits = outputs["logits"][:, -1]
        return CausalLMOutputWithPast(logits=outputs["logits"], past_key_values=state)


class _Encoder(torch.nn.Module):  # type: ignore[misc]
    main_input_name = "input_ids"

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None, **_: Any
    ) -> BaseModelOutput:
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        outputs = self._network.run({"input_ids": input_ids, "attention_mask": attention_mask})
        return BaseModelOutput(last_hidden_state=outputs["last_hidden_state"])


class EncoderDecoderModel(GraphModel):
    """An encoder, what the decoder's cross attentions make of it, and the decoder with its caches outside."""

    encoder: ClassVar[type[torch.nn.Module]] = _Encoder

    def __init__(self, folder: Path, properties: dict[str, Any]) -> None:
        super().__init__(folder)
        self._encoder = self.encoder(Network(folder / ENCODER, properties))
        self._cross = Network(folder / CROSS, properties)
        self._decoder = Network(folder / CACHED_DECODER, properties)

    def get_encoder(self, *_: Any, **__: Any) -> torch.nn.Module:
        """Run once a prompt, not once a beam."""
        return self._encoder

    def begin(self, jobs: Sequence[Job], pad_id: int) -> dict[str, Any]:
        """Prompts that begin together; the cache is the library's."""
        return _padded(jobs, pad_id, left=False)

    def begun(self, inputs: dict[str, Any]) -> int:
        """The token that starts an output."""
        return 1

    def forward(
        self,
        decoder_input_ids: torch.Tensor,
        encoder_outputs: BaseModelOutput,
        past_key_values: EncoderDecoderCache,
        attention_mask: torch.Tensor | None = None,
        **_: Any,
    ) -> Seq2SeqLMOutput:
        """Logits of the new tokens, `[rows, new tokens, vocabulary]`."""
        cache = past_key_values
        states = encoder_outputs.last_hidden_state
        if attention_mask is None:  # the loop leaves out one that masks nothing
            attention_mask = torch.ones(states.shape[:2], dtype=torch.long)
        inputs = {"attention_mask": attention_mask, "decoder_input_ids": decoder_input_ids}
        if not cache.cross_attention_cache.get_seq_length():
            self._begin(cache, {**inputs, "encoder_outputs.last_hidden_state": states})
        for name in self._decoder.inputs:
            if found := _CACHED.search(name):
                inputs[name] = getattr(_layer(cache, *found.group(1, 2)), found[3])
        outputs = self._decoder.run(inputs)
        for name, tensor in outputs.items():
            if found := _CACHED.search(name):
                setattr(_layer(cache, *found.group(1, 2)), found[3], tensor)
        self.logits = outputs["logits"][:, -1]
        return Seq2SeqLMOutput(logits=outputs["logits"], past_key_values=cache)

    def _begin(self, cache: EncoderDecoderCache, inputs: dict[str, torch.Tensor]) -> None:
        """Fill the cross attentions' caches, and give the others a length of 0."""
        crossed = self._cross.run(inputs)
        for number in range(len(crossed) // 2):
            keys, values = (crossed[_CROSS_OUTPUT.format(number, each)] for each in ("keys", "values"))
            cache.cross_attention_cache.update(keys, values, number)
            cache.self_attention_cache.update(keys[:, :, :0], values[:, :, :0], number)
            cache.is_updated[number] = True


def _layer(cache: EncoderDecoderCache, attention: str, number: str) -> Any:
    return getattr(cache, f"{attention}_attention_cache").layers[int(number)]


def _padded(jobs: Sequence[Job], pad_id: int, *, left: bool) -> dict[str, Any]:
    longest = max(len(job.prompt) for job in jobs)
    ids = torch.full((len(jobs), longest), pad_id)
    mask = torch.zeros_like(ids)
    for row, job in enumerate(jobs):
        place = slice(longest - len(job.prompt), None) if left else slice(len(job.prompt))
        ids[row, place] = torch.tensor(job.prompt)
        mask[row, place] = 1
    return {"input_ids": ids, "attention_mask": mask}


def precision_properties(hint: str) -> dict[str, str]:
    """Engine settings for `f32` or `bf16`; the two must agree."""
    return {"INFERENCE_PRECISION_HINT": hint, "KV_CACHE_PRECISION": hint}
