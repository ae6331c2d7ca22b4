"""Text models as a `Subject`: decoders and encoder-decoders."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig

from converters.generation.family import GenerationFamily
from converters.generation.graphs import export_decoder, export_encoder_decoder
from converters.generation.ids import generation_config, start_id
from converters.generation.prompts import STEPS, prompts
from converters.generation.subject import Prompt, Scores
from converters.work import Work
from model_repository.generation import INPUTS
from model_repository.heads import GenerationHead
from model_repository.manifest import TensorSpec


class TextSubject:
    """See `converters.generation.subject.Subject`."""

    inputs: tuple[TensorSpec, ...] = INPUTS

    def __init__(self, work: Work) -> None:
        head, tokenizer = work.part.head, work.part.tokenizer
        assert isinstance(head, GenerationHead)
        assert tokenizer is not None
        self._work = work
        self._head = head
        self.steps = min(STEPS, head.max_length // 2)
        self._longest = min(tokenizer.max_length, head.max_length - self.steps)
        self._root = work.source / work.facts.root
        self._own = generation_config(
            self._root, AutoConfig.from_pretrained(self._root, local_files_only=True)
        )
        self.length = self.steps - (self._own.forced_eos_token_id is not None)  # an end is not in the answer

    def original(self) -> Any:
        """As the family loads it."""
        return GenerationFamily().load(self._work.source, self._work.facts)

    def export(self, model: Any, folder: Path) -> None:
        """One stateful graph, or encoder, cross attentions and decoder."""
        (export_encoder_decoder if self._head.encoder_decoder else export_decoder)(model, folder)

    def prompts(self) -> list[Prompt]:
        """Sentences of several lengths."""
        return [Prompt(ids) for ids in prompts(self._work.tokenizer, self._longest)]

    def scores(self, model: Any, prompt: Prompt, answer: list[int]) -> Scores:
        """One run of the original over prompt and output, which has the logits of every step."""
        start = start_id(self._root, model.config)
        with torch.inference_mode():
            if start is None:
                whole = torch.tensor([prompt.ids + answer])
                logits = model(input_ids=whole).logits[0, len(prompt.ids) - 1 : -1]
            else:
                output = torch.tensor([[start, *answer]])
                read = torch.tensor([prompt.ids])
                logits = model(input_ids=read, decoder_input_ids=output).logits[0, :-1]
        values: Scores = logits.double().numpy()
        values[:, list(self._head.eos_ids)] = -np.inf  # as `min_new_tokens` has it
        if self._own.forced_bos_token_id is not None:
            values[0] = 0  # the first token is no choice
        return values
