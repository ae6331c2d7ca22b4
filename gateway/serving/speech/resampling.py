"""Resamples audio from one sample rate to another, piece by piece."""

from functools import lru_cache
from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

from model_repository.audio import Samples

CROSSINGS = 16
"""Zero crossings of the filter on each side."""

BETA = 8.6
"""Of Kaiser's window: what is cut off is 80 dB down."""

ROLL_OFF = 0.94
"""Share of the lower half rate at which the filter falls; with its steepness, nothing folds back below it."""


class Resampler:
    """A polyphase filter and what it remembers from piece to piece.

    Args:
        source: samples a second that come in.
        target: samples a second that go out.

    """

    def __init__(self, source: int, target: int) -> None:
        common = gcd(source, target)
        self._up, self._down = target // common, source // common
        self._bank = _bank(self._up, self._down)
        self._taps = self._bank.shape[1]
        self._kept = np.zeros(self._taps // 2 - 1, np.float32)
        self._place = (
            0  # of the next output behind the first sample that is kept, in parts of `up` to a sample
        )

    def feed(self, samples: Samples) -> Samples:
        """All outputs that need no samples behind these."""
        if self._up == self._down:
            return samples
        self._kept = np.concatenate((self._kept, samples))
        ready = (len(self._kept) - self._taps + 1) * self._up - self._place
        places = self._place + self._down * np.arange(max(0, ceil(ready / self._down)))
        sound = np.zeros(0, np.float32)
        if len(places):
            windows = np.lib.stride_tricks.sliding_window_view(self._kept, self._taps)
            sound = np.einsum("ij,ij->i", windows[places // self._up], self._bank[places % self._up])
        place = self._place + self._down * len(places)
        gone = min(place // self._up, len(self._kept))
        self._kept, self._place = self._kept[gone:], place - gone * self._up
        return sound

    def finish(self) -> Samples:
        """The outputs up to the last sample, as if silence followed."""
        return self.feed(np.zeros(self._taps // 2 if self._up != self._down else 0, np.float32))


@lru_cache(maxsize=8)
def _bank(up: int, down: int) -> NDArray[np.float32]:
    """A filter for each place between two samples, `[up, taps]`: the samples around it and their weights."""
    cutoff = ROLL_OFF * min(1, up / down)
    half = ceil(CROSSINGS / cutoff)
    distance = np.arange(1 - half, half + 1) - np.arange(up)[:, None] / up
    window = np.i0(BETA * np.sqrt(np.maximum(0, 1 - (distance / half) ** 2)))
    weights = np.sinc(cutoff * distance) * window
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)
