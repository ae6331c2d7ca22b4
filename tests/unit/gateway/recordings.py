"""Sound files made on the spot."""

from io import BytesIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from converters.speech.samples import voice
from model_repository.heads import AudioSpec

RATE = 16_000


def speech(seconds: float, *, seed: int = 0) -> NDArray[np.float32]:
    """A voice that nobody has, at 16 kHz, without its pauses at the end."""
    spec = AudioSpec(sample_rate=RATE, mels=80, fft=400, hop=160, frames=int(200 * seconds))
    return voice(spec, seed)[: int(seconds * RATE)]


def encoded(samples: NDArray[np.float32], rate: int, kind: str = "WAV", **options: str) -> bytes:
    """A file of that sound."""
    file = BytesIO()
    soundfile.write(file, samples, rate, format=kind, **options)
    return file.getvalue()
