"""Exports speech models to OpenVINO, as the backend `generation` runs them."""

from pathlib import Path
from typing import Any

import torch
from transformers.modeling_outputs import BaseModelOutput

from converters.generation.graphs import crossed, export, keep, passed_on, save
from model_repository.generation import CACHED_DECODER, CROSS, ENCODER

ROWS, BEGUN = 2, 3
"""Sounds that are traced, and tokens that transcripts begin with: see `converters.generation.graphs`."""


def export_speech(model: Any, folder: Path) -> None:
    """Write encoder, cross attentions and decoder; the decoder takes any number of new tokens at a time."""
    config = model.config
    sound = torch.randn(ROWS, config.num_mel_bins, 2 * config.max_source_positions)
    begin = torch.arange(ROWS * BEGUN).reshape(ROWS, BEGUN)
    encoder = model.get_encoder()
    with torch.inference_mode():
        states = BaseModelOutput(last_hidden_state=encoder(sound).last_hidden_state.clone())
        inputs = {"encoder_outputs": states, "decoder_input_ids": begin, "use_cache": True}
        cache = model(**inputs).past_key_values
    save(export(encoder, {"input_features": sound}, stateful=False), folder / ENCODER)
    cross = export(model, inputs, stateful=False)
    keep(cross, crossed)
    save(cross, folder / CROSS)
    decoder = export(model, {**inputs, "past_key_values": cache}, stateful=False)
    keep(decoder, lambda name: not passed_on(name))
    save(decoder, folder / CACHED_DECODER)
