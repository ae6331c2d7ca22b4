"""The peers: how each is started, and how it is asked."""

from typing import Any

import numpy as np

from scripts.benchmarks.peers.peer import Door, Peer
from scripts.benchmarks.peers.programs.questions import QUERY

_OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HOME": "{scratch}/cache", "DO_NOT_TRACK": "1"}
"""Nothing is fetched, nothing kept of an earlier run, and nobody told."""

_INFINITY = ("{bin}/infinity_emb", "v2", "--served-model-name", "m", "--device", "cpu", "--port", "{port}")
_INFINITY += ("--log-level", "warning")

_OURS = Door("/predict", lambda texts: {"text": texts}, lambda answer: answer["answers"])
"""Of the servers whose programs are in this folder."""


def fastapi(task: str, library: str, requirements: str, backend: str = "torch") -> Peer:
    """A library behind FastAPI: each request by itself."""
    program = ("{programs}/fastapi_server.py", task, "{model}", "{port}", backend)
    return _ours(f"FastAPI, {library}", requirements, program)


def litserve(task: str, library: str, requirements: str, backend: str = "torch") -> Peer:
    """A library behind LitServe, which puts requests together."""
    program = ("{programs}/litserve_server.py", task, "{model}", "{port}", backend)
    return _ours(f"LitServe, {library}", requirements, program)


def _ours(name: str, requirements: str, program: tuple[str, ...]) -> Peer:
    onnx = program[-1] == "onnx"
    return Peer(
        name=f"{name} on ONNX" if onnx else name,
        requirements=requirements,
        command=("{bin}/python", *program),
        ready="/health",
        door=_OURS,
        onnx=onnx,
        environment=_OFFLINE,
    )


def infinity(door: Door) -> Peer:
    """Infinity with torch, which puts requests together."""
    return Peer(
        name="infinity, torch",
        requirements="infinity",
        command=(*_INFINITY, "--model-id", "{model}", "--engine", "torch", "--no-bettertransformer"),
        ready="/health",
        door=door,
        environment=_OFFLINE,
    )


def infinity_onnx(door: Door, task: str) -> Peer:
    """Infinity with ONNX Runtime, on a graph that optimum exports.

    It finds that only by a relative path, and does not read the model's way of pooling.
    """
    export = ("{bin}/optimum-cli", "export", "onnx", "--library", "transformers", "--task", task)
    return Peer(
        name="infinity, optimum",
        requirements="infinity",
        command=(*_INFINITY, "--model-id", ".", "--engine", "optimum", "--pooling-method", "mean"),
        ready="/health",
        door=door,
        onnx=True,
        prepare=(*export, "--model", "{model}", "."),
        environment=_OFFLINE,
    )


def _vectors(answer: Any) -> list[Any]:
    return [each["embedding"] for each in answer["data"]]


def scores(answer: Any) -> list[Any]:
    """Of passages, in the order of the request; a ranking has the best first."""
    ranked = sorted(answer["results"], key=lambda each: each["index"])
    return [each["relevance_score"] for each in ranked]


EMBEDDING = Door("/embeddings", lambda texts: {"model": "m", "input": texts}, _vectors)
RANKING = Door("/rerank", lambda texts: {"model": "m", "query": QUERY, "documents": texts}, scores)


def mlserver(library: str) -> Peer:
    """MLServer, which puts requests together, with a runtime for a library."""
    return Peer(
        name=f"MLServer, {library}",
        requirements="mlserver",
        command=("{bin}/python", "{programs}/mlserver_server.py", "{model}", "{port}", library),
        ready="/v2/models/m/ready",
        door=Door("/v2/models/m/infer", _open_inference, _tensor),
        environment=_OFFLINE,
    )


def _open_inference(texts: list[str]) -> dict[str, object]:
    return {"inputs": [{"name": "args", "shape": [len(texts), 1], "datatype": "BYTES", "data": texts}]}


def _tensor(answer: Any) -> list[Any]:
    output = answer["outputs"][0]
    return list(np.array(output["data"]).reshape(output["shape"]))
