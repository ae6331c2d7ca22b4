"""Tiny models that generate, with random weights and a tokenizer trained on a few sentences."""

from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

from converters.samples.sentences import SENTENCES

PAD, END, START = 0, 1, 2
POSITIONS = 256
ROOM = 1024
"""Positions of a model that is told what tools there are."""
WIDTH = 64
TEMPLATE = "{% for message in messages %}<s>{{ message['content'] }}</s>{% endfor %}"


def train_tokenizer(*, ends: bool) -> Tokenizer:
    """Byte-level BPE of 500 tokens; `ends` puts the end token behind every text, as T5 and BART do."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=["<pad>", "</s>", "<s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    if ends:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="$A </s>", special_tokens=[("</s>", END)]
        )
    return tokenizer


def _gpt2(size: int) -> PreTrainedModel:
    config = GPT2Config(
        vocab_size=size,
        n_embd=WIDTH,
        n_layer=2,
        n_head=4,
        n_positions=POSITIONS,
        initializer_range=0.2,
        bos_token_id=START,
        eos_token_id=END,
    )
    return GPT2LMHeadModel(config)


def _llama(size: int, positions: int = POSITIONS) -> PreTrainedModel:
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=WIDTH,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=positions,
        initializer_range=0.2,
        bos_token_id=START,
        eos_token_id=END,
        pad_token_id=PAD,
    )
    return LlamaForCausalLM(config)


def _roomy(size: int) -> PreTrainedModel:
    return _llama(size, ROOM)


def _qwen2(size: int) -> PreTrainedModel:
    config = Qwen2Config(
        vocab_size=size,
        hidden_size=WIDTH,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=POSITIONS,
        initializer_range=0.2,
        bos_token_id=START,
        eos_token_id=END,
        pad_token_id=PAD,
    )
    return Qwen2ForCausalLM(config)


def _t5(size: int) -> PreTrainedModel:
    config = T5Config(
        vocab_size=size,
        d_model=WIDTH,
        d_ff=128,
        d_kv=16,
        num_layers=2,
        num_heads=4,
        decoder_start_token_id=PAD,
        pad_token_id=PAD,
        eos_token_id=END,
        tie_word_embeddings=False,
    )
    model = T5ForConditionalGeneration(config)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.dim() > 1:
                weights.normal_(std=0.3)  # by its own rule it would say one word for ever
    return model


def _bart(size: int) -> PreTrainedModel:
    config = BartConfig(
        vocab_size=size,
        d_model=WIDTH,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        init_std=0.2,
        max_position_embeddings=POSITIONS,
        decoder_start_token_id=END,
        pad_token_id=PAD,
        bos_token_id=START,
        eos_token_id=END,
        forced_eos_token_id=END,
        forced_bos_token_id=None,
    )
    return BartForConditionalGeneration(config)


MODELS: dict[str, Callable[[int], PreTrainedModel]] = {
    "gpt2": _gpt2,
    "llama": _llama,
    "roomy": _roomy,
    "qwen2": _qwen2,
    "t5": _t5,
    "bart": _bart,
}
ENCODER_DECODERS = {"t5", "bart"}
SPEAKERS = {"llama", "roomy"}


def save(kind: str, folder: Path) -> None:
    """Write a model's folder as `save_pretrained` does."""
    torch.manual_seed(0)
    tokenizer = train_tokenizer(ends=kind in ENCODER_DECODERS)
    MODELS[kind](tokenizer.get_vocab_size()).eval().save_pretrained(folder)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        bos_token="<s>",
        model_max_length=ROOM if kind == "roomy" else POSITIONS,
    )
    if kind in SPEAKERS:
        fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
