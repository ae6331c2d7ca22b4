"""`/v1/audio/transcriptions` over a tiny Whisper in Triton: windows, languages, formats, refusals, usage."""

import asyncio
import os
import re
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
import soundfile
from generation_site import Site
from speech_site import NAME, Speech

from converters.speech.samples import voice
from model_repository.audio import log_mel

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

RATE = 16_000
EXAMPLE = Path(__file__).parents[3] / "examples" / "transcribe.py"
PATH = "/v1/audio/transcriptions"
SECONDS = 2.0
"""Window of the model."""

NEVER_TWICE = 12
"""Seed of a voice whose likeliest transcript does not repeat itself, so that it is not drawn anew."""


def wav(speech: Speech, seconds: float, *, seed: int = 0, rate: int = RATE, kind: str = "WAV") -> bytes:
    windows = [voice(speech.head.audio, seed + number) for number in range(int(seconds / 1.4) + 1)]
    samples = np.concatenate(windows)[: int(seconds * RATE)]
    file = BytesIO()
    soundfile.write(file, samples[:: RATE // rate], rate, format=kind)
    return file.getvalue()


async def send(http: httpx.AsyncClient, file: bytes | None, status: int = 200, **fields: Any) -> Any:
    files = {"file": ("talk.wav", file, "audio/wav")} if file is not None else {"none": (None, "")}
    answer = await http.post(PATH, data={"model": NAME, **fields}, files=files)
    assert answer.status_code == status, answer.text
    return answer.text if fields.get("response_format") == "text" and status == 200 else answer.json()


async def test_a_short_recording_is_what_the_original_writes(
    transcribing: httpx.AsyncClient, speech: Speech
) -> None:
    file = wav(speech, 1.5, seed=NEVER_TWICE)
    answer = await send(transcribing, file, language="fr", prompt="The", response_format="verbose_json")
    samples, _ = soundfile.read(BytesIO(file), dtype="float32")
    head = speech.head
    prompt = head.tokens.prompt("fr", [token for token in speech.tokens(" The") if token < head.eos_ids[0]])
    features = log_mel(head.audio, samples)
    right = speech.write(prompt, features, head.max_length // 2)
    window = [segment for segment in answer["segments"] if segment["seek"] == 0]
    heard = [token for segment in window for token in segment["tokens"]]
    assert heard
    assert heard == [token for token in right if token < head.tokens.no_timestamps][: len(heard)]
    assert window[0]["start"] == pytest.approx((right[0] - head.tokens.no_timestamps - 1) * 0.02)
    logprob, silence = speech.probabilities(prompt, features, right)
    for segment in window:
        assert segment["temperature"] == 0
        assert segment["no_speech_prob"] == pytest.approx(silence, rel=1e-3)
        assert segment["avg_logprob"] == pytest.approx(logprob, abs=1e-4)
    assert answer["task"] == "transcribe"
    assert answer["language"] == "french"
    assert answer["duration"] == 1.5
    assert answer["text"] == "".join(segment["text"] for segment in answer["segments"]).strip()


async def test_a_long_recording_is_heard_to_its_end(transcribing: httpx.AsyncClient, speech: Speech) -> None:
    answer = await send(transcribing, wav(speech, 9), language="de", response_format="verbose_json")
    segments = answer["segments"]
    assert answer["duration"] == 9
    starts = [segment["start"] for segment in segments]
    assert starts == sorted(starts)
    assert all(segment["start"] <= segment["end"] <= 9 for segment in segments)
    assert len({segment["seek"] for segment in segments}) >= 9 / SECONDS
    assert segments[-1]["seek"] / 100 + SECONDS >= 9 - 1


async def test_silence_has_no_words(transcribing: httpx.AsyncClient) -> None:
    file = BytesIO()
    soundfile.write(file, np.zeros(60 * RATE, np.float32), RATE, format="FLAC")
    answer = await send(transcribing, file.getvalue(), language="en", response_format="verbose_json")
    assert (answer["text"], answer["segments"], answer["duration"]) == ("", [], 60)


async def test_formats_and_rates_do_not_matter_much(transcribing: httpx.AsyncClient, speech: Speech) -> None:
    for file in (wav(speech, 1.5, kind="MP3"), wav(speech, 1.5, rate=8000), wav(speech, 1.5, kind="OGG")):
        answer = await send(transcribing, file, language="en", response_format="verbose_json")
        assert answer["duration"] == pytest.approx(1.5, abs=0.1)
        assert answer["text"]


async def test_callers_together_get_what_each_gets_alone(
    transcribing: httpx.AsyncClient, speech: Speech
) -> None:
    files = [wav(speech, 1.4, seed=seed) for seed in range(6)]
    together = await asyncio.gather(*(send(transcribing, file, language="en") for file in files))
    alone = [await send(transcribing, file, language="en") for file in files]
    assert [answer["text"] for answer in together] == [answer["text"] for answer in alone]


async def test_openai_s_client_reads_every_format(transcribing: httpx.AsyncClient, speech: Speech) -> None:
    key = transcribing.headers["x-api-key"]
    url = str(transcribing.base_url.copy_with(path="/v1"))
    async with openai.AsyncOpenAI(api_key=key, base_url=url) as client:
        create = client.audio.transcriptions.create
        file = ("talk.wav", wav(speech, 1.5))
        plain = await create(model=NAME, file=file, language="en")
        text = await create(model=NAME, file=file, language="en", response_format="text")
        verbose = await create(
            model=NAME,
            file=file,
            language="en",
            response_format="verbose_json",
            timestamp_granularities=["segment"],
        )
    assert plain.text.strip() == str(text).strip() == verbose.text.strip() != ""
    assert verbose.language == "english"
    assert verbose.segments is not None
    assert verbose.segments[0].start <= verbose.segments[0].end
    assert verbose.segments[0].avg_logprob < 0 < verbose.segments[0].no_speech_prob < 1


async def test_usage_is_zero_but_for_the_model_s_own_count(
    transcribing: httpx.AsyncClient, speech: Speech
) -> None:
    answer = await send(transcribing, wav(speech, 1.5))
    usage = answer["usage"]
    assert (answer["model"], answer["id"][:8]) == (NAME, "request-")
    assert usage["requests"] == usage["total_tokens"] == usage["cost"] == 0
    assert usage["model_tokens"]["completion_tokens"] > 0
    records = (await transcribing.get("/v1/me/usage")).json()["data"]
    assert records[0]["endpoint"] == PATH


@pytest.mark.parametrize(
    ("fields", "where", "kind"),
    [
        ({"language": "klingon"}, ["language"], "enum"),
        ({"temperature": "2"}, ["temperature"], "less_than_equal"),
        ({"temperature": "warm"}, ["temperature"], "float_parsing"),
        ({"response_format": "srt"}, ["response_format"], "literal_error"),
        (
            {"timestamp_granularities[]": ["segment", "word"]},
            ["timestamp_granularities[]", 1],
            "literal_error",
        ),
    ],
)
async def test_bad_fields_are_named(
    transcribing: httpx.AsyncClient, speech: Speech, fields: dict[str, Any], where: list[str | int], kind: str
) -> None:
    answer = await send(transcribing, wav(speech, 1), 422, **fields)
    assert [(problem["loc"], problem["type"]) for problem in answer["detail"]] == [(where, kind)]


async def test_a_form_without_its_parts_names_what_is_missing(transcribing: httpx.AsyncClient) -> None:
    answer = await send(transcribing, None, 422)
    assert [problem["loc"] for problem in answer["detail"]] == [["body", "file"]]
    for sent in ({"json": {"model": NAME}}, {"content": b""}):
        refusal = await transcribing.post(PATH, **sent)
        assert refusal.status_code == 422
        missing = [problem["loc"] for problem in refusal.json()["detail"]]
        assert missing == [["body", "file"], ["body", "model"]]


async def test_what_cannot_be_heard_is_refused(transcribing: httpx.AsyncClient, speech: Speech) -> None:
    answer = await send(transcribing, b"no sound", 422)
    assert "`file`" in answer["detail"]
    answer = await send(transcribing, wav(speech, 1), 422, language="cs")
    assert "en" in answer["detail"]
    answer = await send(transcribing, bytes(20 * 2**20 + 1), 413)
    assert answer == {"detail": "File size limit exceeded (max: 20971520 bytes)."}
    hours = BytesIO()
    soundfile.write(hours, np.zeros(4000 * 3600 * 3, np.int16), 4000, format="FLAC")
    assert len(hours.getvalue()) < 2**20
    answer = await send(transcribing, hours.getvalue(), 413)
    assert "7200" in answer["detail"]
    assert (await send(transcribing, wav(speech, 1), 404, model="nothing")) == {"detail": "Model not found."}


async def test_the_model_is_known_by_its_type(transcribing: httpx.AsyncClient, site: Site) -> None:
    model = (await transcribing.get(f"/v1/models/{NAME}")).json()
    assert model["type"] == "automatic-speech-recognition"
    answer = await transcribing.post("/v1/chat/completions", json={"model": NAME, "messages": [{}]})
    assert (answer.status_code, answer.json()) == (422, {"detail": "Wrong model type."})


async def test_the_example_prints_segments(
    transcribing: httpx.AsyncClient, speech: Speech, tmp_path: Path
) -> None:
    (tmp_path / "talk.mp3").write_bytes(wav(speech, 1.5, kind="MP3"))
    here = {"URL": str(transcribing.base_url).rstrip("/"), "KEY": transcribing.headers["x-api-key"]}
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, EXAMPLE, tmp_path / "talk.mp3"),
        env={**os.environ, **here, "MODEL": NAME},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await run.communicate()
    assert run.returncode == 0
    assert re.match(r" +\d\.\d\d - +\d\.\d\d ", output.decode())
