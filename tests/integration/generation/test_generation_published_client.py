"""The vendor's published client, unmodified, gets from models that generate what plain HTTP gets."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from published import call

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

TEXT, BATCH = "How do I reset", ["The court held that", "In 1969 two people"]
HISTORY = [[["Who?", "They."]], [["Where?", "There."]]]
GREEDY = {"temperature": 0.0, "min_length": 0, "max_length": 8}

CALLS: list[tuple[str, dict[str, Any], str, dict[str, Any], str]] = [
    ("Summarisation", {"text": TEXT}, "/summarisation", {"text": TEXT}, "summary"),
    ("Summarisation", {"text": BATCH}, "/summarisation", {"text": BATCH}, "summary"),
    ("Emotion", {"text": TEXT}, "/emotion", {"text": TEXT}, "emotion"),
    ("Emotion", {"text": BATCH}, "/emotion", {"text": BATCH}, "emotion"),
    ("TextGeneration", {"text": TEXT, **GREEDY}, "/text-generation", {"text": TEXT, **GREEDY}, "output"),
    ("TextGeneration", {"text": BATCH, **GREEDY}, "/text-generation", {"text": BATCH, **GREEDY}, "output"),
    ("QA", {"question": TEXT, "context": TEXT}, "/qa", {"question": TEXT, "context": TEXT}, "answer"),
    (
        "QA",
        {"question": BATCH, "context": BATCH, "prev_qa": HISTORY},
        "/qa",
        {
            "question": BATCH,
            "context": BATCH,
            "prev_q": [["Who?"], ["Where?"]],
            "prev_a": [["They."], ["There."]],
        },
        "answer",
    ),
    (
        "QA",
        {"question": BATCH, "context": BATCH},
        "/qa",
        {"question": BATCH, "context": BATCH},
        "answer",
    ),
]


async def test_generating_calls(http: httpx.AsyncClient, package: Path) -> None:
    found = await call(http, package, [[name, {"model": "t5"}, arguments] for name, arguments, *_ in CALLS])
    for result, (name, _, path, body, key) in zip(found, CALLS, strict=True):
        answer = (await http.post(path, json={**body, "model": "t5"})).json()
        assert result == answer[key], (name, body)
