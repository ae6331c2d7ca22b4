"""Chats, texts and transcripts: whatever a description calls right gets an answer that it knows."""

import io
import wave
from pathlib import Path

import pytest
from conformance import Narrowed, keeps_to_description
from generation_site import Site, gateway
from speech_site import NAME, Speech

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


def recording() -> str:
    """A wav of which each byte is an ASCII character: JSON carries it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(bytes(64 + 17 * at * at % 60 for at in range(800)))
    return file.getvalue().decode("ascii")


@pytest.mark.timeout(900)
async def test_generating_models_keep_to_their_description(site: Site, speech: Speech, tmp_path: Path):
    await site.serve("llama")
    async with gateway(site) as client:
        narrowed, key = await Narrowed.of(client), client.headers["x-api-key"]
        narrowed.take("/v1/chat/completions", "/v1/completions", "/v1/responses", model="llama")
        narrowed.take("/v1/audio/transcriptions", model=NAME, file=recording(), language="en")
        await keeps_to_description(
            narrowed.write(tmp_path),
            tmp_path,
            *("--url", str(client.base_url), "--header", f"Authorization: Bearer {key}"),
            *("--mode", "positive", "--phases", "examples,coverage,fuzzing", "--max-examples", "15"),
            # What a model takes no schema says: what only providers elsewhere heed is right by the schema.
            *("--exclude-checks", "allow_header_conformance,positive_data_acceptance"),
        )
