"""Speech models: a window of audio into the encoder, a transcript with timestamps out of the decoder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    SuppressTokensAtBeginLogitsProcessor,
    SuppressTokensLogitsProcessor,
    WhisperTimeStampLogitsProcessor,
)
from transformers.modeling_outputs import BaseModelOutput

from model_repository.backends.generation.graphs import EncoderDecoderModel, Network
from model_repository.backends.generation.job import Job
from model_repository.heads import SpeechTokens

FIRST_TIMESTAMP = 50
"""A transcript begins within so many steps of 20 ms, as the models were trained."""


class _Ear(torch.nn.Module):  # type: ignore[misc]  # torch is not analysed
    main_input_name = "input_features"

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network

    def forward(self, input_features: torch.Tensor, **_: Any) -> BaseModelOutput:
        outputs = self._network.run({"input_features": input_features})
        return BaseModelOutput(last_hidden_state=outputs["last_hidden_state"])


class SpeechModel(EncoderDecoderModel):
    """An encoder-decoder whose prompt is what its own output begins with."""

    main_input_name = "input_features"
    encoder: ClassVar[type[torch.nn.Module]] = _Ear

    def __init__(self, folder: Path, properties: dict[str, Any], tokens: SpeechTokens) -> None:
        super().__init__(folder, properties)
        self.generation_config = GenerationConfig()  # the grammar is given with each batch
        self._tokens = tokens

    def begin(self, jobs: Sequence[Job], _pad_id: int) -> dict[str, Any]:
        """The sound, and prompts of one length."""
        features = torch.stack([torch.from_numpy(job.features) for job in jobs])
        return {
            "input_features": features,
            "attention_mask": torch.ones(len(jobs), features.shape[-1], dtype=torch.long),
            "decoder_input_ids": torch.tensor([job.prompt for job in jobs]),
        }

    def begun(self, inputs: dict[str, Any]) -> int:
        """The prompt."""
        return int(inputs["decoder_input_ids"].shape[1])

    def processors(self, jobs: Sequence[Job]) -> LogitsProcessorList:
        """The grammar of transcripts."""
        return grammar(self._tokens, jobs[0].prompt, self.config.eos_token_id)

    def together(self, job: Job, other: Job) -> bool:
        """Prompts of one length need no padding; what follows the last token depends on it."""
        return len(job.prompt) == len(other.prompt) and job.prompt[-1] == other.prompt[-1]


def grammar(
    tokens: SpeechTokens, prompt: Sequence[int], eos_id: int, *, weigh: bool = True
) -> LogitsProcessorList:
    """Rules for what follows a prompt.

    Where a model knows several languages and the prompt does not name one, it is the language; else it is
    text between timestamps, which come in pairs and never go back.

    Args:
        weigh: have a timestamp follow where all of them together are likelier than any other token.

    """
    if tokens.languages and prompt[-1] == tokens.start:
        return LogitsProcessorList([_Only(tokens.languages.values())])
    begin = len(prompt)
    timed = GenerationConfig(eos_token_id=eos_id, no_timestamps_token_id=tokens.no_timestamps)
    timed.max_initial_timestamp_index = FIRST_TIMESTAMP
    rules: list[LogitsProcessor] = [WhisperTimeStampLogitsProcessor(timed, begin, weigh)]
    if tokens.never:
        rules.insert(0, SuppressTokensLogitsProcessor(list(tokens.never)))
    if tokens.not_first:
        rules.insert(0, SuppressTokensAtBeginLogitsProcessor(list(tokens.not_first), begin))
    return LogitsProcessorList(rules)


class _Only(LogitsProcessor):  # type: ignore[misc]  # transformers is not analysed
    """Leaves a choice of some tokens."""

    def __init__(self, tokens: Any) -> None:
        self._tokens = list(tokens)

    def __call__(self, _input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        allowed = torch.full_like(scores, -torch.inf)
        allowed[:, self._tokens] = scores[:, self._tokens]
        return allowed
