"""Decodes an audio file to one channel at the model's sample rate, as far as it is read."""

from typing import BinaryIO

import numpy as np
import soundfile

from gateway.serving.speech.errors import RecordingRefusedError, RecordingTooLongError
from gateway.serving.speech.resampling import Resampler
from model_repository.audio import Samples

FORMATS = frozenset({"WAV", "WAVEX", "RF64", "MP3", "FLAC", "OGG"})
MAX_CHANNELS = 8
RATES = range(4_000, 192_001)
KINDS = "wav, mp3, flac or ogg"
LOUDEST = 2.0**15
"""Larger samples are cut: some files hold those of 16 bits as they are, and spectra of far larger ones are no
numbers."""
PIECE = 16_384
"""Samples of each channel that are decoded at a time."""


class Recording:
    """Reads on from where it is; used by one thread at a time.

    Args:
        file: what was sent.
        rate: samples a second that the model wants.
        max_seconds: longest recording that is taken.

    Raises:
        RecordingRefusedError: it is no sound, or of a kind that is not read.
        RecordingTooLongError: it says that it is longer.

    """

    def __init__(self, file: BinaryIO, rate: int, max_seconds: float) -> None:
        try:
            self._file = soundfile.SoundFile(file)
        except soundfile.LibsndfileError:
            raise RecordingRefusedError(f"`file` must be sound as {KINDS}, and cannot be read") from None
        self._rate = rate
        self._max_samples = int(max_seconds * rate)
        self._check()
        self._resampler = Resampler(self._file.samplerate, rate)
        self._ahead = np.zeros(0, np.float32)
        self._decoded = 0
        self._ended = False

    @property
    def seconds(self) -> float:
        """Length of what has been decoded so far, which is all of it at the end."""
        return self._decoded / self._rate

    def window(self, samples: int) -> Samples:
        """The next samples, fewer only at the end; they stay the next ones.

        Raises:
            RecordingRefusedError: the file is damaged.
            RecordingTooLongError: it is longer than may be.

        """
        pieces = [self._ahead]
        missing = samples - len(self._ahead)
        while missing > 0 and not self._ended:
            pieces.append(self._decode())
            missing -= len(pieces[-1])
        self._ahead = np.concatenate(pieces)
        return self._ahead[:samples]

    def move(self, samples: int) -> None:
        """Go on by so many of the samples that `window` gave."""
        self._ahead = self._ahead[samples:]

    def close(self) -> None:
        """Let go of the decoder."""
        self._file.close()

    def _decode(self) -> Samples:
        try:
            piece = self._file.read(PIECE, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            raise RecordingRefusedError("`file` is damaged") from None
        self._ended = not len(piece)
        finite = np.clip(np.nan_to_num(piece), -LOUDEST, LOUDEST)
        sound = self._resampler.finish() if self._ended else self._resampler.feed(finite.mean(1))
        self._decoded += len(sound)
        if self._decoded > self._max_samples:
            raise self._too_long()
        return sound

    def _check(self) -> None:
        file = self._file
        if file.format not in FORMATS:
            raise RecordingRefusedError(f"`file` must be sound as {KINDS}, not {file.format}")
        if file.channels > MAX_CHANNELS or file.samplerate not in RATES:
            raise RecordingRefusedError(
                f"`file` has {file.channels} channels at {file.samplerate} Hz; up to {MAX_CHANNELS} at "
                f"{RATES.start} to {RATES.stop - 1} Hz are read"
            )
        if file.frames * self._rate > self._max_samples * file.samplerate:
            raise self._too_long()

    def _too_long(self) -> RecordingTooLongError:
        seconds = self._max_samples / self._rate
        return RecordingTooLongError(f"`file` is longer than {seconds:g} seconds")
