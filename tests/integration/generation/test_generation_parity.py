"""The same tokens as transformers, alone and together, through the real Triton."""

import asyncio

import pytest
from generation_site import Served, Site
from streams import generate
from tiny_generators import MODELS

from converters.samples.sentences import SENTENCES
from model_repository.client import TritonClient

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

STEPS = 64
LENGTHS = (1, 2, 3, 5, 8, 13, 21, 34, 40, 30, 17, 11, 7, 4, 19, 27)


def prompts(served: Served) -> list[list[int]]:
    """Sixteen prompts of mixed length."""
    ids = served.tokenizer.encode(" ".join(SENTENCES), add_special_tokens=False).ids
    end = [1] if served.encoder_decoder else []
    return [ids[10 * at : 10 * at + length] + end for at, length in enumerate(LENGTHS)]


@pytest.mark.parametrize("kind", MODELS)
async def test_sixteen_callers_get_what_transformers_generates_one_by_one(
    site: Site, triton: TritonClient, kind: str
) -> None:
    served = await site.serve(kind)
    texts = prompts(served)
    together = await asyncio.gather(
        *(generate(triton, served.manifest, text, max_new_tokens=STEPS) for text in texts)
    )
    for text, answers in zip(texts, together, strict=True):
        expected = served.generate(text, max_new_tokens=STEPS)
        assert answers.all == expected
        assert answers.reasons[0] == ("length" if len(expected[0]) == STEPS else "stop")
