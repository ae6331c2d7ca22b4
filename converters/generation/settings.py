"""`generation.json` of a candidate."""

from pathlib import Path

from transformers import PretrainedConfig

from converters.generation.ids import eos_ids, generation_config, start_id
from model_repository.generation import GenerationSettings, Runtime
from model_repository.heads import GenerationHead, SpeechHead
from model_repository.manifest import Precision, TokenizerSpec

CACHE_BYTES = 2**30
"""Memory for keys and values, unless a single sequence of full length needs more."""

SEQUENCES = 128
"""As many as run together; room for more than their full lengths would never be used."""

BYTES = {Precision.FP32: 4, Precision.BF16: 2}


def settings(
    root: Path,
    config: PretrainedConfig,
    head: GenerationHead | SpeechHead,
    tokenizer: TokenizerSpec,
    *,
    runtime: Runtime,
    precision: Precision,
) -> GenerationSettings:
    """How the backend is to run the model in `root`."""
    own = generation_config(root, config)
    return GenerationSettings(
        runtime=runtime,
        encoder_decoder=isinstance(head, SpeechHead) or head.encoder_decoder,
        precision=precision,
        max_length=head.max_length,
        vocabulary=config.get_text_config(decoder=True).vocab_size,
        eos_ids=eos_ids(root, config),
        pad_id=tokenizer.pad_id,
        start_id=start_id(root, config),
        forced_bos_id=own.forced_bos_token_id,
        forced_eos_id=own.forced_eos_token_id,
        speech=head.tokens if isinstance(head, SpeechHead) else None,
        cache_tokens=_cache_tokens(config, head.max_length, precision),
    )


def _cache_tokens(config: PretrainedConfig, longest: int, precision: Precision) -> int:
    text = config.get_text_config(decoder=True)
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    token = int(2 * text.num_hidden_layers * heads * size * BYTES[precision])
    return max(longest, min(CACHE_BYTES // token, SEQUENCES * longest))
