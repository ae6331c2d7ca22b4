"""Speech models as a `Subject` of the generation stages."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers.modeling_outputs import BaseModelOutput

from converters.generation.prompts import STEPS
from converters.generation.subject import Prompt, Scores
from converters.samples.sentences import SENTENCES
from converters.speech.export import export_speech
from converters.speech.family import SpeechFamily
from converters.speech.samples import voice
from converters.work import Work
from model_repository.audio import log_mel
from model_repository.backends.generation.speech import grammar
from model_repository.generation import speech_inputs
from model_repository.heads import SpeechHead

SOUNDS = 4


class SpeechSubject:
    """See `converters.generation.subject.Subject`."""

    def __init__(self, work: Work) -> None:
        head = work.part.head
        assert isinstance(head, SpeechHead)
        self._work = work
        self._head = head
        self.inputs = speech_inputs(head.audio)
        self.steps = self.length = min(STEPS, head.max_length // 2)

    def original(self) -> Any:
        """As the family loads it."""
        return SpeechFamily().load(self._work.source, self._work.facts)

    def export(self, model: Any, folder: Path) -> None:
        """Encoder, cross attentions and decoder."""
        export_speech(model, folder)

    def prompts(self) -> list[Prompt]:
        """Made-up voices, some of them in the middle of a talk."""
        tokens = self._head.tokens
        tokenizer = Tokenizer.from_file(str(self._work.tokenizer))
        said = tokenizer.encode(SENTENCES[0], add_special_tokens=False).ids[: self._head.max_length // 8]
        language = next(iter(tokens.languages), None)
        return [
            Prompt(
                tokens.prompt(language, said if seed % 2 else ()),
                log_mel(self._head.audio, voice(self._head.audio, seed)),
            )
            for seed in range(SOUNDS)
        ]

    def scores(self, model: Any, prompt: Prompt, answer: list[int]) -> Scores:
        """One run of the original, and the grammar's word on each step.

        Whether a timestamp comes is decided by the probability of all timestamps together, and then which: so
        each of them has that of all, less what it lacks to the likeliest.
        """
        head = self._head
        whole = torch.tensor([prompt.ids + answer])
        rules = grammar(head.tokens, prompt.ids, head.eos_ids[0], weigh=False)
        with torch.inference_mode():
            heard = model.get_encoder()(torch.from_numpy(prompt.features)[None])
            states = BaseModelOutput(last_hidden_state=heard.last_hidden_state)
            logits = model(encoder_outputs=states, decoder_input_ids=whole).logits[0].double()
            logits[:, list(head.eos_ids)] = -torch.inf  # as `min_new_tokens` has it
            begin = len(prompt.ids)
            steps = [rules(whole[:, :at], logits[None, at - 1])[0] for at in range(begin, whole.shape[1])]
            values = torch.stack(steps)
            timed = values[:, head.tokens.no_timestamps + 1 :]
            shift = timed.logsumexp(1) - timed.max(1).values
            timed += shift.nan_to_num(0)[:, None]
        return np.asarray(values.numpy(), np.float64)
