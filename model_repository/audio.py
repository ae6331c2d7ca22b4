"""Sound as models hear it: the logarithm of its spectrum in bands that the ear tells apart.

In plain numpy, so that whoever needs it needs no framework. The figures are those that Whisper was
trained on.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from model_repository.heads import AudioSpec

Samples = NDArray[np.float32]

FAINTEST = 1e-10
RANGE = 8.0
"""Powers of ten below the loudest point of a window that are still told apart."""

KNEE_HERTZ, KNEE_MELS = 1000.0, 15.0
"""Slaney's scale is linear up to here, and logarithmic above."""

HERTZ_PER_MEL = KNEE_HERTZ / KNEE_MELS
LOG_STEP = np.log(6.4) / 27

CHUNK = 500
"""Frames that are transformed together, so that the spectrum of a long window takes little memory."""


def log_mel(spec: AudioSpec, samples: Samples) -> NDArray[np.float32]:
    """What the model reads of a window: float32 `[mels, frames]`.

    Args:
        samples: -1 to 1 at the model's sample rate, at most a window; silence fills the rest.

    """
    window = np.zeros(spec.samples, np.float32)
    window[: len(samples)] = samples
    padded = np.pad(window, spec.fft // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, spec.fft)[:: spec.hop][: spec.frames]
    hann, bank = _hann(spec.fft), _bank(spec.sample_rate, spec.fft, spec.mels)
    bands = np.empty((spec.mels, spec.frames), np.float32)
    for start in range(0, spec.frames, CHUNK):
        spectrum = np.fft.rfft(frames[start : start + CHUNK] * hann)
        bands[:, start : start + CHUNK] = bank @ (np.abs(spectrum) ** 2).T
    powers = np.log10(np.maximum(bands, FAINTEST))
    return np.asarray((np.maximum(powers, powers.max() - RANGE) + 4) / 4, np.float32)


@lru_cache(maxsize=4)
def _hann(size: int) -> NDArray[np.float64]:
    """A window that fits on to itself, unlike numpy's own."""
    return np.hanning(size + 1)[:-1]


@lru_cache(maxsize=4)
def _bank(sample_rate: int, fft: int, mels: int) -> NDArray[np.float64]:
    """Triangles over the frequencies, `[mels, fft // 2 + 1]`, each of the same area."""
    highest = sample_rate / 2
    corners = _hertz(np.linspace(0, _mel(highest), mels + 2))[:, None]
    left, middle, right = corners[:-2], corners[1:-1], corners[2:]
    frequencies = np.linspace(0, highest, fft // 2 + 1)
    rising = (frequencies - left) / (middle - left)
    falling = (right - frequencies) / (right - middle)
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * (2 / (right - left)))


def _mel(hertz: float) -> float:
    if hertz < KNEE_HERTZ:
        return hertz / HERTZ_PER_MEL
    return float(KNEE_MELS + np.log(hertz / KNEE_HERTZ) / LOG_STEP)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    above = KNEE_HERTZ * np.exp(LOG_STEP * (mels - KNEE_MELS))
    return np.where(mels < KNEE_MELS, mels * HERTZ_PER_MEL, above)
