"""Examples for the OpenAPI description of `/builds`."""

from collections.abc import Mapping
from typing import Any

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example

STAGE = {
    "name": "verify",
    "status": "running",
    "percent": 40.0,
    "message": "onnxruntime int8: batch 8, length 32",
    "seconds": 3.2,
    "reproduce": "python -m converters.stage verify /srv/trireme/builds/7",
    "started_at": "2026-06-01T12:00:20Z",
    "finished_at": None,
}
BUILD = {
    "id": 7,
    "model": "reviews",
    "owner": "acme",
    "version": 3,
    "kind": "convert",
    "status": "running",
    "stage": "verify",
    "percent": 60.0,
    "message": "onnxruntime int8: batch 8, length 32",
    "hint": "",
    "attempt": 1,
    "seconds": 23.2,
    "created_at": "2026-06-01T11:59:59Z",
    "started_at": "2026-06-01T12:00:00Z",
    "finished_at": None,
    "stages": [STAGE],
}
PAGE = {"builds": [BUILD], "next": 7}
_REPORT = {
    "passed": True,
    "thresholds": {"max_abs_diff": 0.001, "min_cosine": 0.999},
    "cases": [{"batch": 8, "length": 32, "max_abs_diff": 2e-05, "min_cosine": 0.999999, "finite": True}],
}
PARITY = {
    "build": 7,
    "model": "reviews",
    "version": 3,
    "entries": [
        {
            "entry": "acme.reviews.3",
            "part": "",
            "engine": {"engine": "onnxruntime", "precision": "fp32"},
            "parity": _REPORT,
            "candidates": [],
        }
    ],
}
LOG = (
    'id: 12\nevent: log\ndata: {"stage":"fetch","text":"fetching\\n"}\n\n'
    'event: end\ndata: {"status":"succeeded","message":""}\n\n'
)


def answer(kind: Any, description: str, example: Mapping[str, Any]) -> ResponseSpec:
    """A documented answer with an example."""
    return ResponseSpec(
        kind,
        description=description,
        generate_examples=False,
        examples=[Example(summary="an answer", value=example)],
    )
