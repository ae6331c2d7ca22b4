"""Models that hear: what a converted Whisper writes is what transformers makes of the original."""

import asyncio

import pytest
import torch
from generation_site import Site
from speech_site import Speech
from streams import generate

from model_repository.client import TritonClient
from model_repository.errors import RefusedInputError
from model_repository.manifest import Task

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

STEPS = 40


async def test_a_whisper_is_converted_and_judged_by_its_tokens(speech: Speech) -> None:
    manifest = speech.manifest
    assert manifest.tasks == (Task.TRANSCRIPTION,)
    assert manifest.parity is not None
    assert manifest.parity.agreement == 1
    assert {case.length for case in manifest.parity.cases} == {STEPS + 8}
    assert speech.head.audio.seconds == 2
    assert list(speech.head.tokens.languages) == ["en", "fr", "de"]


async def test_callers_together_get_what_transformers_writes_one_by_one(
    site: Site, triton: TritonClient, speech: Speech
) -> None:
    tokens = speech.head.tokens
    asked = [
        (tokens.prompt(("en", "fr")[seed % 2], range(40, 40 + 5 * (seed % 3))), speech.heard(seed))
        for seed in range(8)
    ]
    together = await asyncio.gather(
        *(generate(triton, speech.manifest, *each, max_new_tokens=STEPS) for each in asked)
    )
    for each, answers in zip(asked, together, strict=True):
        assert answers.all == [speech.write(*each, STEPS)]


async def test_the_grammar_is_that_of_transformers(triton: TritonClient, speech: Speech) -> None:
    """Its own loop goes on behind the last pair of timestamps, with what is left of the window."""
    first = speech.head.tokens.no_timestamps + 1
    for seed in range(3):
        features = speech.heard(seed)
        prompt = speech.head.tokens.prompt("fr", ())
        ours = (await generate(triton, speech.manifest, prompt, features, max_new_tokens=STEPS)).all[0]
        with torch.inference_mode():
            (theirs,) = speech.original.generate(
                torch.from_numpy(features)[None],
                return_timestamps=True,
                language="fr",
                task="transcribe",
                max_new_tokens=STEPS,
                max_length=None,
            ).tolist()
        pairs = [at for at in range(1, len(ours)) if min(ours[at - 1 : at + 1]) >= first]
        assert pairs
        assert ours[: pairs[-1]] == theirs[: pairs[-1]]


async def test_a_language_is_found_out(triton: TritonClient, speech: Speech) -> None:
    prompt = speech.head.tokens.prompt(None, ())
    for seed in range(3):
        features = speech.heard(seed)
        answers = await generate(triton, speech.manifest, prompt, features, max_new_tokens=1)
        with torch.inference_mode():
            right = speech.original.detect_language(torch.from_numpy(features)[None])
        assert answers.all == [right.tolist()]


async def test_prompt_and_transcript_share_the_length(triton: TritonClient, speech: Speech) -> None:
    room = speech.head.max_length - 3
    prompt = speech.head.tokens.prompt("en", ())
    with pytest.raises(RefusedInputError, match=str(speech.head.max_length)):
        await generate(triton, speech.manifest, prompt, speech.heard(0), max_new_tokens=room + 1)
