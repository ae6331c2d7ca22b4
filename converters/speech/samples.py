"""Synthetic voices: sounds with the pitch, formants and pauses of speech, deterministic."""

import numpy as np

from model_repository.audio import Samples
from model_repository.heads import AudioSpec

FORMANTS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
"""Resonances of five vowels in hertz."""

SYLLABLE_SECONDS = 0.22
HARMONICS = 24


def voice(spec: AudioSpec, seed: int) -> Samples:
    """A voice that fills three quarters of a window, -1 to 1."""
    random = np.random.default_rng(seed)
    size = int(SYLLABLE_SECONDS * spec.sample_rate)
    number = max(1, int(0.75 * spec.seconds / SYLLABLE_SECONDS))
    syllables = [_syllable(spec, size, random) for _ in range(number)]
    return np.concatenate(syllables).astype(np.float32)


def _syllable(spec: AudioSpec, size: int, random: np.random.Generator) -> Samples:
    if random.random() < 0.2:
        return np.zeros(size, np.float32)  # a pause
    time = np.arange(size) / spec.sample_rate
    pitch = random.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * 3 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / spec.sample_rate
    formants = np.array(FORMANTS[random.integers(len(FORMANTS))])
    sound = random.normal(0, 0.02, size)
    for harmonic in range(1, HARMONICS + 1):
        nearness = np.exp(-(((harmonic * pitch.mean() - formants) / 150) ** 2)).sum()
        sound += (0.05 + nearness) / harmonic**0.5 * np.sin(harmonic * phase)
    return np.asarray(sound * np.hanning(size) / 8, np.float32)
