"""A tiny Whisper of three languages with random weights: windows of 2 s, special tokens as usual."""

from pathlib import Path

import torch
from tiny_generators import train_tokenizer
from tokenizers import AddedToken
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    WhisperConfig,
    WhisperForConditionalGeneration,
)

POSITIONS, LENGTH = 100, 96
LANGUAGES = ("en", "fr", "de")
SPECIAL = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{language}|>" for language in LANGUAGES),
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
]


def save(folder: Path, *, seed: int = 0, languages: bool = True) -> None:
    """Write the folder as `save_pretrained` does."""
    tokenizer = train_tokenizer(ends=False)
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    ids = {token: tokenizer.token_to_id(token) for token in SPECIAL}
    end = ids["<|endoftext|>"]
    torch.manual_seed(seed)
    config = WhisperConfig(
        vocab_size=ids["<|notimestamps|>"] + 2 + POSITIONS,
        d_model=64,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        init_std=0.15,
        max_source_positions=POSITIONS,
        max_target_positions=LENGTH,
        decoder_start_token_id=ids["<|startoftranscript|>"],
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )
    model = WhisperForConditionalGeneration(config).eval()
    model.generation_config = GenerationConfig(
        decoder_start_token_id=ids["<|startoftranscript|>"],
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        no_timestamps_token_id=ids["<|notimestamps|>"],
        prev_sot_token_id=ids["<|startofprev|>"],
        suppress_tokens=[end + 1, ids["<|startoflm|>"], ids["<|nospeech|>"]],
        begin_suppress_tokens=[end],
        max_initial_timestamp_index=50,
        is_multilingual=languages,
        lang_to_id={f"<|{language}|>": ids[f"<|{language}|>"] for language in LANGUAGES},
        task_to_id={task: ids[f"<|{task}|>"] for task in ("translate", "transcribe")},
    )
    model.save_pretrained(folder)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|endoftext|>", pad_token="<|endoftext|>"
    )
    fast.save_pretrained(folder)
