"""`POST /qa` by a model that marks passages, and every row of its bad input."""

from typing import Any

import httpx
import pytest
import tiny_zoo

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PATH = "/qa"
QUESTION = "Where was he born?"
CONTEXTS = [*tiny_zoo.SENTENCES, " ".join(tiny_zoo.SENTENCES * 6), " "]
SINGLE = {"question": QUESTION, "context": CONTEXTS[0]}
BATCH = {"question": [QUESTION] * 2, "context": CONTEXTS[:2]}


async def answer(client: httpx.AsyncClient, **body: Any) -> Any:
    response = await client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    assert response.json().keys() == {"answer"}
    return response.json()["answer"]


async def test_passages_or_unknown(zoo: httpx.AsyncClient) -> None:
    found = await answer(zoo, question=[QUESTION] * len(CONTEXTS), context=CONTEXTS, prev_q=[], prev_a=[])
    assert found[-1] == "unknown"
    for text, context in zip(found, CONTEXTS, strict=True):
        assert text == "unknown" or (text and text in context)
        assert await answer(zoo, question=QUESTION, context=context, prev_q=[], model="") == text
    assert set(found) != {"unknown"}


async def test_history_is_empty_in_any_form(zoo: httpx.AsyncClient) -> None:
    right = await answer(zoo, **BATCH)
    for empty in ([], None, [[], []]):
        assert await answer(zoo, **BATCH, prev_q=empty, prev_a=empty, model="spans") == right


async def test_history_is_not_passed_over(zoo: httpx.AsyncClient) -> None:
    response = await zoo.post(PATH, json={**SINGLE, "prev_q": ["Who?"], "prev_a": ["he"]})
    assert response.status_code == 400
    assert "does not read earlier questions and answers" in response.json()["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        *(({**SINGLE, "question": wrong}, "question") for wrong in (None, 5, {}, "", [], [""], [1], True)),
        *(({**SINGLE, "context": wrong}, "context") for wrong in (None, 5, {}, "", [], ["x"], True)),
        ({"context": "x"}, "question"),
        ({"question": "x"}, "context"),
        ({"question": ["x", "y"], "context": ["x"]}, "context"),
        ({"question": ["x"], "context": "x"}, "context"),
        ({**SINGLE, "prev_q": ["x"]}, "prev_a"),
        ({**SINGLE, "prev_a": ["x"]}, "prev_a"),
        ({**SINGLE, "prev_q": ["x", "y"], "prev_a": ["x"]}, "prev_a"),
        ({**SINGLE, "prev_q": "x", "prev_a": ["x"]}, "prev_q"),
        ({**SINGLE, "prev_q": [5], "prev_a": ["x"]}, "prev_q"),
        ({**SINGLE, "prev_q": [[["x"]]], "prev_a": [["x"]]}, "prev_q"),
        ({**SINGLE, "prev_q": ["x"], "prev_a": [None]}, "prev_a"),
        ({**BATCH, "prev_q": ["x", "y"], "prev_a": ["x", "y"]}, "prev_q"),
        ({**BATCH, "prev_q": [["x"]], "prev_a": [["x"]]}, "prev_q"),
        ({**BATCH, "prev_q": [["x"], []], "prev_a": [[], []]}, "prev_a"),
        ({**BATCH, "prev_q": [["x"], "y"], "prev_a": [["x"], []]}, "prev_q"),
    ],
)
async def test_bad_input(zoo: httpx.AsyncClient, body: dict[str, Any], field: str) -> None:
    response = await zoo.post(PATH, json=body)
    assert response.status_code == 400, response.text
    assert f"`{field}`" in response.json()["message"]


async def test_too_long_a_context(zoo: httpx.AsyncClient) -> None:
    response = await zoo.post(PATH, json={"question": "x", "context": "x" * 200_001})
    assert response.status_code == 400
    assert "200001 characters" in response.json()["message"]
