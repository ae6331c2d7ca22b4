"""A tiny Whisper in service, computing in fp32, and its original."""

from dataclasses import dataclass, replace
from typing import Any

import tiny_whisper
import torch
from generation_site import Site, in_fp32
from tokenizers import Tokenizer
from transformers import GenerationMixin, WhisperForConditionalGeneration

from converters.speech.samples import voice
from model_repository import layout
from model_repository.audio import log_mel
from model_repository.backends.generation.speech import grammar
from model_repository.generation import INPUT_FEATURES, INPUT_IDS
from model_repository.heads import SpeechHead
from model_repository.manifest import Manifest, decode
from model_repository.tensors import Array

NAME = "whisper"


@dataclass(frozen=True)
class Speech:
    manifest: Manifest
    original: Any
    tokenizer: Tokenizer

    @property
    def head(self) -> SpeechHead:
        assert isinstance(self.manifest.head, SpeechHead)
        return self.manifest.head

    def tokens(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def heard(self, seed: int) -> Array:
        """A window of a voice that nobody has."""
        return log_mel(self.head.audio, voice(self.head.audio, seed))

    def write(self, prompt: list[int], features: Array, new: int) -> list[int]:
        """What the loop of transformers makes of the original, cut before the end token."""
        with torch.inference_mode():
            whole = GenerationMixin.generate(
                self.original,
                torch.from_numpy(features)[None],
                decoder_input_ids=torch.tensor([prompt]),
                logits_processor=grammar(self.head.tokens, prompt, self.head.eos_ids[0]),
                max_new_tokens=new,
                do_sample=False,
                suppress_tokens=None,
                begin_suppress_tokens=None,
            )
        (row,) = whole.tolist()
        new_tokens, (end, *_) = row[len(prompt) :], self.head.eos_ids
        return new_tokens[: new_tokens.index(end)] if end in new_tokens else new_tokens

    def probabilities(self, prompt: list[int], features: Array, written: list[int]) -> tuple[float, float]:
        """Mean logprob of what was written, and the probability of silence where the prompt starts."""
        tokens = torch.tensor([[*prompt, *written]])
        with torch.inference_mode():
            whole = self.original(torch.from_numpy(features)[None], decoder_input_ids=tokens)
        logprobs = whole.logits[0].log_softmax(-1)
        places = logprobs[len(prompt) - 1 : -1]
        mean = places.gather(-1, torch.tensor(written)[:, None]).mean().item()
        silence = logprobs[prompt.index(self.head.tokens.start), self.head.tokens.no_speech]
        return mean, silence.exp().item()


async def serve_speech(site: Site) -> Speech:
    """Save, convert, publish and load."""
    source = await site.source(NAME, tiny_whisper.save)
    entry = await site.build(NAME, f"file:{source}")
    given = decode((entry / layout.MANIFEST).read_bytes())
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    speech = Speech(given, WhisperForConditionalGeneration.from_pretrained(source).eval(), tokenizer)
    manifest = in_fp32(
        entry,
        given,
        lambda inputs: speech.write(inputs[INPUT_IDS].tolist(), inputs[INPUT_FEATURES], 16),
    )
    await site.publish(NAME, entry)
    return replace(speech, manifest=manifest)
