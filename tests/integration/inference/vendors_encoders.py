"""What the vendors answer to texts: vectors, and rankings in the words of each kind."""

from base64 import b64encode
from typing import Any

import numpy as np
from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.params import FromPath

VECTOR = (0.25, -1.5, 3.0)
SCORES = (0.1, 0.9, 0.5)
USAGE = {"prompt_tokens": 31, "total_tokens": 31}


async def heard(vendor: str, request: Request[Any, Any, Any], state: State) -> Any:
    """The body of a request, or the answer of a vendor with whom something is amiss."""
    body = await request.json()
    state.vendors.asked.append((request.headers.get("authorization", ""), body))
    if vendor in state.vendors.faults:
        status, answer = state.vendors.faults[vendor]
        return Response(answer, status_code=status, media_type="application/json")
    return body


@post("/{vendor:str}/v1/embeddings", status_code=200)
async def embeddings(vendor: FromPath[str], request: Request[Any, Any, Any], state: State) -> Response[Any]:
    """Knows base64 unless it is albert, whose reference does not, or tei, whose older servers do not."""
    body = await heard(vendor, request, state)
    if isinstance(body, Response):
        return body
    vector: Any = list(VECTOR)
    if body.get("encoding_format") == "base64" and vendor != "tei":
        assert vendor != "albert"
        vector = b64encode(np.array(VECTOR, "<f4").tobytes()).decode()
    inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
    data = [{"object": "embedding", "index": at, "embedding": vector} for at in range(len(inputs))]
    return Response({"object": "list", "data": data, "model": body["model"], "usage": USAGE, "extra": "kept"})


@post("/tei/rerank", status_code=200)
async def rerank_by_tei(request: Request[Any, Any, Any], state: State) -> Response[Any]:
    body = await heard("tei", request, state)
    if isinstance(body, Response):
        return body
    assert body["raw_scores"] is False
    return Response([{"index": at, "score": SCORES[at]} for at in range(len(body["texts"]))])


@post(["/vllm/v2/rerank", "/albert/v1/rerank"], status_code=200)
async def rerank(request: Request[Any, Any, Any], state: State) -> Response[Any]:
    body = await heard(request.url.path.split("/")[1], request, state)
    if isinstance(body, Response):
        return body
    results = [
        {"index": at, "relevance_score": SCORES[at], "document": {"text": text}}
        for at, text in enumerate(body["documents"])
    ]
    return Response({"id": "rerank-vendor", "results": results, "usage": USAGE})


ENCODERS = [embeddings, rerank_by_tei, rerank]
