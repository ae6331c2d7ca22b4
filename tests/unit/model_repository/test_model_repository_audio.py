"""The spectrogram is the one that Whisper was trained on."""

import numpy as np
import pytest
from transformers import WhisperFeatureExtractor

from converters.speech.samples import voice
from model_repository.audio import log_mel
from model_repository.heads import AudioSpec


@pytest.mark.parametrize("mels", [80, 128])
@pytest.mark.parametrize("filled", [0.0, 0.4, 1.0])
def test_a_window_is_what_the_feature_extractor_makes_of_it(mels: int, filled: float):
    spec = AudioSpec(sample_rate=16_000, mels=mels, fft=400, hop=160, frames=500)
    samples = voice(spec, 3)[: int(filled * spec.samples)]
    extractor = WhisperFeatureExtractor(feature_size=mels, chunk_length=5)
    padded = np.pad(samples, (0, spec.samples - len(samples)))
    right = extractor(padded, sampling_rate=16_000, return_tensors="np").input_features[0]
    found = log_mel(spec, samples)
    assert found.dtype == np.float32
    assert found.shape == (mels, 500)
    np.testing.assert_allclose(found, right, atol=2e-5)
