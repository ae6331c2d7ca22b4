"""Whisper and what was made from it: windows of sound in, transcripts with timestamps out."""

import re
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from transformers import PretrainedConfig, WhisperForConditionalGeneration

from converters.families.family import Description
from converters.families.loading import load_original
from converters.generation.ids import eos_ids, generation_config, start_id
from converters.inspection.files import read_json
from converters.inspection.tokenizer import write_tokenizer
from converters.results import Inspected, Part
from converters.spec import ConversionError
from model_repository.heads import AudioSpec, SpeechHead, SpeechTokens
from model_repository.layout import TOKENIZER
from model_repository.manifest import Task, TokenizerSpec

FRAMES_PER_POSITION = 2
"""The encoder's second convolution has a stride of this."""

_LANGUAGE = re.compile(r"<\|([a-z]{2,3})\|>")


class SpeechFamily:
    """One part."""

    name = "speech"
    stages = "converters.generation"
    tasks = frozenset({Task.TRANSCRIPTION})

    def claims(self, model: Description) -> bool:
        """By the architecture's name."""
        return model.architecture == "WhisperForConditionalGeneration"

    def inspect(self, model: Description, folder: Path) -> tuple[Part, ...]:
        """The one part.

        Raises:
            ConversionError: the tokenizer is damaged, or lacks tokens that transcripts are made of.

        """
        head = SpeechHead(
            audio=_audio(model.root, model.config),
            tokens=_tokens(model.root, model.config),
            eos_ids=eos_ids(model.root, model.config),
            max_length=model.config.max_target_positions,
        )
        part = Part(tasks=(Task.TRANSCRIPTION,), head=head)
        target = folder / part.folder / "tokenizer.json"
        target.parent.mkdir(parents=True)
        written = write_tokenizer(model.root, target, lowercase=False, pad_id=head.eos_ids[0])
        tokenizer = TokenizerSpec(
            path=TOKENIZER, max_length=head.max_length, pad_id=written.pad_id, pad_token=written.pad_token
        )
        return (Part(tasks=part.tasks, head=head, tokenizer=tokenizer),)

    def load(self, source: Path, facts: Inspected) -> Any:
        """The original in fp32 and evaluation mode.

        Raises:
            ConversionError: the weights do not fill the model.

        """
        return load_original(WhisperForConditionalGeneration, source / facts.root)


def _audio(root: Path, config: PretrainedConfig) -> AudioSpec:
    """What the feature extractor's file says, with its defaults; the window is the encoder's."""
    file = root / "preprocessor_config.json"
    given = read_json(file, dict[str, Any]) if file.is_file() else {}
    return AudioSpec(
        sample_rate=given.get("sampling_rate", 16_000),
        mels=config.num_mel_bins,
        fft=given.get("n_fft", 400),
        hop=given.get("hop_length", 160),
        frames=FRAMES_PER_POSITION * config.max_source_positions,
    )


def _tokens(root: Path, config: PretrainedConfig) -> SpeechTokens:
    """Special tokens by their names, which all tokenizers of Whisper share."""
    own: Any = generation_config(root, config)
    tokenizer = _tokenizer(root)
    start = start_id(root, config)
    found = {token.content: number for number, token in tokenizer.get_added_tokens_decoder().items()}
    no_speech = found.get("<|nospeech|>", found.get("<|nocaptions|>"))
    previous, no_timestamps = found.get("<|startofprev|>"), found.get("<|notimestamps|>")
    if start is None or previous is None or no_speech is None or no_timestamps is None:
        raise ConversionError(
            "the tokenizer lacks tokens that transcripts are made of",
            hint="Give the model's own tokenizer.json, with <|startofprev|>, <|nospeech|> and "
            "<|notimestamps|>.",
        )
    several = bool(getattr(own, "is_multilingual", False))
    names = {match[1]: number for name, number in found.items() if (match := _LANGUAGE.fullmatch(name))}
    return SpeechTokens(
        start=start,
        previous=previous,
        transcribe=found["<|transcribe|>"] if several else None,
        languages=names if several else {},
        no_speech=no_speech,
        no_timestamps=no_timestamps,
        never=_ids(own, "suppress_tokens"),
        not_first=_ids(own, "begin_suppress_tokens"),
    )


def _tokenizer(root: Path) -> Tokenizer:
    file = root / "tokenizer.json"
    if not file.is_file():
        raise ConversionError("the source holds no tokenizer.json", hint="Add the model's own.")
    return Tokenizer.from_file(str(file))


def _ids(config: Any, name: str) -> tuple[int, ...]:
    return tuple(getattr(config, name, None) or ())
