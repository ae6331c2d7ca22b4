"""Every parameter does what transformers means by it; what no engine can do is refused."""

import asyncio

import numpy as np
import pytest
import torch
from generation_site import Served, Site
from streams import generate

from model_repository.client import TritonClient
from model_repository.errors import RefusedInputError

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

STEPS = 24
PARAMETERS = {
    "repetition penalty": {"repetition_penalty": 1.5},
    "n-grams": {"no_repeat_ngram_size": 2},
    "least length": {"min_new_tokens": 20},
    "beams": {"num_beams": 4},
    "several beams": {"num_beams": 4, "num_return_sequences": 3},
    "length penalty": {"num_beams": 4, "length_penalty": -3.0},
    "early stopping": {"num_beams": 3, "early_stopping": True, "repetition_penalty": 1.2},
}
KINDS = ("llama", "t5")


def prompt(served: Served, text: str = "How do I reset the password of an account") -> list[int]:
    end = [1] if served.encoder_decoder else []
    return served.tokenizer.encode(text, add_special_tokens=False).ids + end


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parameters", PARAMETERS.values(), ids=PARAMETERS)
async def test_parameters_mean_what_they_mean_in_transformers(
    site: Site, triton: TritonClient, kind: str, parameters: dict[str, object]
) -> None:
    served = await site.serve(kind)
    ids = prompt(served)
    answers = await generate(triton, served.manifest, ids, max_new_tokens=STEPS, **parameters)
    assert answers.all == served.generate(ids, max_new_tokens=STEPS, **parameters)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_seed_draws_the_same_tokens_whoever_else_is_there(
    site: Site, triton: TritonClient, kind: str
) -> None:
    served = await site.serve(kind)
    ids = prompt(served)

    async def draw(seed: int | None) -> list[list[int]]:
        answers = await generate(
            triton,
            served.manifest,
            ids,
            max_new_tokens=STEPS,
            do_sample=True,
            seed=seed,
            num_return_sequences=2,
        )
        return answers.all

    alone = await draw(5)
    crowd = await asyncio.gather(*(draw(seed) for seed in (1, 5, 2, None, None)))
    assert crowd[1] == alone
    assert len({str(answers) for answers in crowd}) == 5
    assert alone[0] != alone[1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("narrowing", [{"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-4}])
async def test_a_distribution_narrowed_to_one_token_is_greedy(
    site: Site, triton: TritonClient, kind: str, narrowing: dict[str, object]
) -> None:
    served = await site.serve(kind)
    ids = prompt(served)
    drawn = await generate(triton, served.manifest, ids, max_new_tokens=STEPS, do_sample=True, **narrowing)
    assert drawn.all == served.generate(ids, max_new_tokens=STEPS)


async def test_top_k_leaves_only_the_likeliest_tokens(site: Site, triton: TritonClient) -> None:
    served = await site.serve("llama")
    ids = prompt(served)
    firsts = await asyncio.gather(
        *(
            generate(triton, served.manifest, ids, max_new_tokens=1, do_sample=True, seed=seed, top_k=3)
            for seed in range(40)
        )
    )
    with torch.inference_mode():
        logits = served.original(torch.tensor([ids])).logits[0, -1].numpy()
    likeliest = set(np.argsort(logits)[-3:].tolist())
    drawn = {answers.all[0][0] for answers in firsts if answers.all[0]}
    assert drawn <= likeliest
    assert len(drawn) > 1


async def test_own_stop_tokens_end_an_answer_and_are_no_part_of_it(site: Site, triton: TritonClient) -> None:
    for kind in KINDS:
        served = await site.serve(kind)
        ids = prompt(served)
        (whole,) = served.generate(ids, max_new_tokens=STEPS)
        stop = whole[len(whole) // 2]
        answers = await generate(triton, served.manifest, ids, max_new_tokens=STEPS, stop_ids=(stop,))
        assert answers.all == [whole[: whole.index(stop)]]
        assert answers.reasons == {0: "stop"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_new_tokens": 10_000},
        {"max_new_tokens": 5, "min_new_tokens": 6},
        {"max_new_tokens": 5, "num_return_sequences": 2},
        {"max_new_tokens": 5, "temperature": 0},
        {"max_new_tokens": 5, "unheard": 1},
        {},
    ],
)
async def test_what_nobody_can_do_is_refused(
    site: Site, triton: TritonClient, wrong: dict[str, object]
) -> None:
    served = await site.serve("llama")
    with pytest.raises(RefusedInputError):
        await generate(triton, served.manifest, prompt(served), **wrong)
