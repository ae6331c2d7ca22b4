"""The peers: how each is started, and how it is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = Path(__file__).with_name("programs")


@dataclass(frozen=True)
class Peer:
    """A server that embeds texts.

    Attributes:
        name: with the engine that it runs.
        requirements: name of the file with its pinned packages.
        onnx: whether it runs the graph in ONNX Runtime, otherwise in torch.
        command: that starts it; `{bin}`, `{programs}`, `{model}` and `{port}` are filled in.
        prepare: what has to be done with the weights before, as a command.
        ready: path that answers once it is up.
        path: that takes texts.
        body: of a request for vectors of such texts.
        environment: variables that it is given.

    """

    name: str
    requirements: str
    command: tuple[str, ...]
    ready: str
    path: str
    body: Callable[[list[str]], object]
    onnx: bool = False
    prepare: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def _text(texts: list[str]) -> object:
    return {"text": texts}


_EXPORT = (
    "{bin}/optimum-cli",
    "export",
    "onnx",
    "--model",
    "{model}",
    "--task",
    "feature-extraction",
    "{model}/onnx",
)


def _infinity(engine: str, *options: str) -> Peer:
    return Peer(
        name=f"infinity, {engine}",
        requirements="infinity",
        command=(
            *("{bin}/infinity_emb", "v2", "--model-id", "{model}", "--served-model-name", "m"),
            *("--engine", engine, "--device", "cpu", "--port", "{port}", "--log-level", "warning", *options),
        ),
        ready="/health",
        path="/embeddings",
        body=lambda texts: {"model": "m", "input": texts},
        onnx=engine == "optimum",
        prepare=_EXPORT if engine == "optimum" else (),
        environment={"DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"},
    )


def _mlserver(library: str) -> Peer:
    return Peer(
        name=f"MLServer, {library}",
        requirements="mlserver",
        command=("{bin}/python", "{programs}/mlserver_server.py", "{model}", "{port}", library),
        ready="/v2/models/m/ready",
        path="/v2/models/m/infer",
        body=lambda texts: {
            "inputs": [{"name": "args", "shape": [len(texts), 1], "datatype": "BYTES", "data": texts}]
        },
        environment={"HF_HUB_OFFLINE": "1"},
    )


PEERS = (
    Peer(
        name="FastAPI, sentence-transformers",
        requirements="fastapi",
        command=("{bin}/python", "{programs}/fastapi_server.py", "{model}", "{port}"),
        ready="/health",
        path="/embed",
        body=_text,
    ),
    Peer(
        name="LitServe, sentence-transformers",
        requirements="litserve",
        command=("{bin}/python", "{programs}/litserve_server.py", "{model}", "{port}"),
        ready="/health",
        path="/predict",
        body=_text,
    ),
    _infinity("torch", "--no-bettertransformer"),
    _infinity("optimum"),
    _mlserver("sentence-transformers"),
    _mlserver("transformers"),
)
