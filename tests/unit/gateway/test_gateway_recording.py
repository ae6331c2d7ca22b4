"""Recordings: resampled without folding back, decoded piece by piece, refused where they must be."""

from io import BytesIO

import numpy as np
import pytest
from recordings import RATE, encoded, speech

from gateway.serving.speech.errors import RecordingRefusedError, RecordingTooLongError
from gateway.serving.speech.recording import Recording
from gateway.serving.speech.resampling import Resampler
from model_repository.audio import log_mel
from model_repository.heads import AudioSpec


def tone(hertz: float, rate: int, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate).astype(np.float32)


def resampled(samples: np.ndarray, rate: int, piece: int = 16_384) -> np.ndarray:
    resampler = Resampler(rate, RATE)
    pieces = [resampler.feed(samples[at : at + piece]) for at in range(0, len(samples), piece)]
    return np.concatenate([*pieces, resampler.finish()])


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 44_101, 48_000, 96_000])
def test_what_both_rates_can_hold_is_kept(rate: int):
    found = resampled(tone(1000, rate), rate)
    assert len(found) == -(-int(rate) * RATE // rate)
    middle = slice(1000, -1000)
    np.testing.assert_allclose(found[middle], tone(1000, RATE)[middle], atol=2e-3)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
def test_what_the_target_cannot_hold_is_gone(rate: int):
    assert np.abs(resampled(tone(9_500, rate), rate)[1000:-1000]).max() < 2e-3


@pytest.mark.parametrize("piece", [1, 7, 1000, 10**6])
def test_pieces_do_not_show(piece: int):
    samples = speech(0.2)
    np.testing.assert_allclose(resampled(samples, 44_100, piece), resampled(samples, 44_100), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "options", "tolerance"),
    [
        ("WAV", {}, 1e-4),
        ("WAV", {"subtype": "FLOAT"}, 1e-6),
        ("FLAC", {}, 1e-4),
        ("OGG", {}, 0.2),
        ("MP3", {}, 0.2),
    ],
)
def test_formats_are_decoded_to_one_channel(kind: str, options: dict[str, str], tolerance: float):
    samples = speech(2)
    stereo = np.stack((samples, samples), axis=1)
    recording = Recording(BytesIO(encoded(stereo, RATE, kind, **options)), RATE, 60)
    found = recording.window(10 * RATE)
    assert recording.seconds == pytest.approx(2, abs=0.1)
    assert np.corrcoef(found[: len(samples)], samples[: len(found)])[0, 1] > 1 - tolerance


def test_windows_overlap_as_far_as_they_are_not_left_behind():
    samples = speech(3)
    recording = Recording(BytesIO(encoded(samples, RATE, subtype="FLOAT")), RATE, 60)
    np.testing.assert_array_equal(recording.window(RATE), samples[:RATE])
    recording.move(RATE // 2)
    np.testing.assert_array_equal(recording.window(RATE), samples[RATE // 2 : RATE // 2 + RATE])
    recording.move(RATE)
    rest = recording.window(10 * RATE)
    np.testing.assert_array_equal(rest, samples[3 * RATE // 2 :])
    recording.move(len(rest))
    assert len(recording.window(RATE)) == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no sound",
        b"RIFF\xff\xff\xff\xffWAVEfmt ",
        encoded(speech(1), RATE, "AIFF"),
        encoded(np.zeros((100, 9), np.float32), RATE),
        encoded(np.zeros(100, np.float32), 3_000),
    ],
    ids=["empty", "text", "cut off", "another format", "nine channels", "too slow"],
)
def test_what_is_no_recording_is_refused(data: bytes):
    with pytest.raises(RecordingRefusedError, match="`file`"):
        Recording(BytesIO(data), RATE, 60).window(RATE)


@pytest.mark.parametrize("rate", [RATE, 44_100])
@pytest.mark.parametrize("wild", [np.nan, np.inf, -np.inf, 3e38, -1e20])
def test_samples_are_numbers_whose_spectrum_is_one(wild: float, rate: int):
    samples = np.where(np.arange(rate) % 3, wild, 0.5).astype(np.float32)
    found = Recording(BytesIO(encoded(samples, rate, subtype="FLOAT")), RATE, 60).window(RATE)
    assert len(found) == RATE
    spec = AudioSpec(sample_rate=RATE, mels=80, fft=400, hop=160, frames=100)
    heard = log_mel(spec, found)
    assert np.isfinite(heard).all()
    assert heard.max() < 10


def test_words_of_the_decoder_are_kept_to_ourselves():
    for data in (b"\xff\xfb" + bytes(1000), encoded(np.zeros(100, np.float32), RATE)[:30]):
        with pytest.raises(RecordingRefusedError) as caught:
            Recording(BytesIO(data), RATE, 60)
        assert caught.value.message == "`file` must be sound as wav, mp3, flac or ogg, and cannot be read"


def test_hours_in_a_small_file_are_refused_before_they_are_decoded():
    silence = encoded(np.zeros(4000 * 1200, np.float32), 4000, "FLAC")
    assert len(silence) < 100_000
    with pytest.raises(RecordingTooLongError, match="longer than 60 seconds"):
        Recording(BytesIO(silence), RATE, 60)
