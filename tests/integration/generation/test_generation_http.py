"""The Backprop endpoints over models that generate, against transformers and the contract."""

import asyncio

import httpx
import pytest
from generation_site import Served, Site

from gateway.serving.tasks.prompted import EMOTIONS

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

TEXTS = ("How do I reset", "The court held that", "In 1969 two people walked on the Moon")
GREEDY = {"temperature": 0, "min_length": 0, "max_length": 24}


def expected(served: Served, text: str, steps: int = 24, least: int = 0) -> str:
    """The whole output of the reference: the prompt too where the model continues it."""
    end = [1] if served.encoder_decoder else []
    ids = served.tokenizer.encode(text, add_special_tokens=False).ids + end
    (tokens,) = served.generate(ids, max_new_tokens=steps, min_new_tokens=least)
    return served.tokenizer.decode(tokens if served.encoder_decoder else ids + tokens)


async def ask(http: httpx.AsyncClient, path: str, status: int = 200, **body: object) -> dict[str, object]:
    response = await http.post(path, json=body)
    assert response.status_code == status, response.text
    answer: dict[str, object] = response.json()
    return answer


@pytest.mark.parametrize("kind", ["llama", "t5"])
async def test_single_equals_batch_equals_transformers(
    http: httpx.AsyncClient, site: Site, kind: str
) -> None:
    right = [expected(site.served[kind], text) for text in TEXTS]
    batch = await ask(http, "/text-generation", text=list(TEXTS), model=kind, **GREEDY)
    assert batch == {"output": right}
    alone = await asyncio.gather(
        *(ask(http, "/text-generation", text=text, model=kind, **GREEDY) for text in TEXTS)
    )
    assert [answer["output"] for answer in alone] == right


async def test_a_continuing_model_repeats_the_text_and_counts_new_tokens_only(
    http: httpx.AsyncClient, site: Site
) -> None:
    answer = await ask(http, "/text-generation", text=TEXTS[2], model="llama", temperature=0, max_length=12)
    output = str(answer["output"])
    assert output.startswith(TEXTS[2])
    assert output == expected(site.served["llama"], TEXTS[2], 12, 10)


async def test_shapes_of_several_generations(http: httpx.AsyncClient) -> None:
    single = await ask(http, "/text-generation", text="one", model="llama", num_generations=3)
    batch = await ask(http, "/text-generation", text=["one", "two"], model="t5", num_generations=2.0)
    assert [type(each) for each in single["output"]] == [str] * 3
    assert [[type(each) for each in row] for row in batch["output"]] == [[str] * 2] * 2


async def test_defaults_draw_where_texts_are_continued_and_not_where_they_are_answered(
    http: httpx.AsyncClient, site: Site
) -> None:
    async def outputs(**body: object) -> set[str]:
        answers = await asyncio.gather(
            *(ask(http, "/text-generation", text=TEXTS[0], **body) for _ in range(6))
        )
        return {str(answer["output"]) for answer in answers}

    assert len(await outputs(model="llama")) > 1
    assert await outputs(model="t5") == {expected(site.served["t5"], TEXTS[0], 20, 10)}
    assert len(await outputs(model="t5", top_k=0)) > 1
    assert len(await outputs(model="llama", do_sample=False)) == 1
    assert len(await outputs(model="t5", top_k=0, temperature=0.0)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": ""},
        {"text": None},
        {"text": 7},
        {"text": []},
        {"text": ["a", ""]},
        {"min_length": 30},
        {"min_length": -1},
        {"min_length": 1.5},
        {"min_length": True},
        {"max_length": 0},
        {"max_length": 5000},
        {"max_length": "9"},
        {"temperature": -0.1},
        {"temperature": True},
        {"temperature": 1e300},
        {"top_k": -1},
        {"top_k": 0.5},
        {"top_p": 0},
        {"top_p": 1.1},
        {"repetition_penalty": 0},
        {"repetition_penalty": 1e-300},
        {"repetition_penalty": 1e300},
        {"length_penalty": "long"},
        {"length_penalty": 1e300, "num_beams": 2},
        {"length_penalty": -1e300, "num_beams": 2},
        {"num_beams": 0},
        {"num_beams": 2, "num_generations": 3},
        {"num_generations": 2, "temperature": 0},
        {"num_generations": 1000},
        {"do_sample": 1},
        {"text": "word " * 400},
        {"text": "word " * 200, "max_length": 100},
    ],
    ids=str,
)
async def test_bad_input_is_refused_with_a_message(http: httpx.AsyncClient, wrong: dict[str, object]) -> None:
    answer = await ask(http, "/text-generation", 400, **({"text": "a", "model": "llama"} | wrong))
    assert isinstance(answer["message"], str)
    assert answer["message"]


@pytest.mark.parametrize("kind", ["llama", "t5"])
@pytest.mark.parametrize(
    "extreme",
    [
        {"temperature": 100},
        {"temperature": 1e-300},
        {"top_p": 1e-300},
        {"top_k": 1_000_000},
        {"repetition_penalty": 0.01},
        {"repetition_penalty": 100},
        {"length_penalty": 10, "num_beams": 2, "max_length": 100},
        {"length_penalty": -10, "num_beams": 2, "max_length": 100},
    ],
    ids=str,
)
async def test_whatever_is_within_its_range_is_answered(
    http: httpx.AsyncClient, kind: str, extreme: dict[str, object]
) -> None:
    answer = await ask(http, "/text-generation", text="one", model=kind, **extreme)
    assert isinstance(answer["output"], str)


async def test_a_text_too_long_to_be_answered_is_cut(http: httpx.AsyncClient) -> None:
    answer = await ask(http, "/text-generation", text="word " * 2000, model="t5")
    assert answer["output"]


async def test_questions_go_into_the_prompt_with_their_history(http: httpx.AsyncClient, site: Site) -> None:
    t5 = site.served["t5"]
    plain = "q: Who walked on the Moon? c: In 1969 two people walked on the Moon."
    later = "q: Who walked on the Moon? a: two people q: When? c: In 1969 two people walked on the Moon."
    question, context = "Who walked on the Moon?", "In 1969 two people walked on the Moon."
    right = [expected(t5, prompt, 96, 1).strip() for prompt in (plain, later)]
    body = {"question": question, "context": context, "model": "t5"}
    assert await ask(http, "/qa", **body) == {"answer": right[0]}
    assert await ask(http, "/qa", **body, prev_q=[], prev_a=[]) == {"answer": right[0]}
    history = {"prev_q": [question], "prev_a": ["two people"]}
    nested = {field: [turns] for field, turns in history.items()}
    when = {"question": "When?", "context": context, "model": "t5"}
    assert await ask(http, "/qa", **when, **history) == {"answer": right[1]}
    assert await ask(http, "/qa", **when, **nested) == {"answer": right[1]}
    batch = {"question": [question, "When?"], "context": [context] * 2, "model": "t5"}
    both = {"prev_q": [[], [question]], "prev_a": [[], ["two people"]]}
    assert await ask(http, "/qa", **batch, **both) == {"answer": right}
    assert (await ask(http, "/qa", **batch, prev_q=[], prev_a=[]))["answer"][0] == right[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"question": None},
        {"context": 1},
        {"context": ["c"]},
        {"prev_q": ["one"]},
        {"prev_q": ["one"], "prev_a": ["a", "b"]},
        {"prev_q": [["one"], "two"], "prev_a": [["a"], "b"]},
        {"prev_q": [[["one"]]], "prev_a": [[["a"]]]},
        {"prev_q": [1], "prev_a": ["a"]},
        {"question": ["a", "b"], "context": ["c"]},
        {"question": ["a", "b"], "context": ["c", "d"], "prev_q": ["x"], "prev_a": ["y"]},
        {"question": ["a", "b"], "context": ["c", "d"], "prev_q": [["x"]], "prev_a": [["y"]]},
    ],
    ids=str,
)
async def test_bad_questions_are_refused_with_a_message(
    http: httpx.AsyncClient, wrong: dict[str, object]
) -> None:
    body = {"question": "q", "context": "c", "model": "t5"} | wrong
    assert (await ask(http, "/qa", 400, **body))["message"]


async def test_summaries_come_under_both_names(http: httpx.AsyncClient, site: Site) -> None:
    right = [expected(site.served["t5"], f"summarise: {text}", 96, 1).strip() for text in TEXTS]
    assert await ask(http, "/summarisation", text=list(TEXTS), model="t5") == {
        "output": right,
        "summary": right,
    }
    single = await ask(http, "/summarisation", text=TEXTS[0], model="t5")
    assert single == {"output": right[0], "summary": right[0]}


async def test_emotions_come_under_both_names_and_are_known_ones(http: httpx.AsyncClient) -> None:
    batch = await ask(http, "/emotion", text=list(TEXTS), model="t5")
    assert batch["output"] == batch["emotion"]
    assert all(set(each.split(", ")) <= set(EMOTIONS) for each in batch["output"])


async def test_tasks_that_a_model_does_not_do_are_refused(http: httpx.AsyncClient) -> None:
    answer = await ask(http, "/summarisation", 400, text="a", model="llama")
    assert "summarisation" in answer["message"]


async def test_64_mixed_requests_answer_as_one_by_one(http: httpx.AsyncClient) -> None:
    bodies = [
        ("/text-generation", {"text": TEXTS[at % 3] + " a" * (at % 5), "model": kind, **GREEDY, **more})
        for at in range(16)
        for kind, more in (("llama", {}), ("t5", {}), ("llama", {"num_beams": 2}), ("t5", {"num_beams": 3}))
    ]
    together = await asyncio.gather(*(ask(http, path, **body) for path, body in bodies))
    one_by_one = [await ask(http, path, **body) for path, body in bodies]
    assert together == one_by_one
