"""What a peer is: a server beside the gateway, with the same weights, in an environment of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).with_name("programs")


@dataclass(frozen=True)
class Door:
    """How a server is asked.

    Attributes:
        path: that takes texts.
        body: of a request about such texts.
        read: the answers out of its answer, one of each text.

    """

    path: str
    body: Callable[[list[str]], dict[str, object]]
    read: Callable[[Any], list[Any]]


@dataclass(frozen=True)
class Peer:
    """A server that does the same.

    Attributes:
        name: with the engine that it runs.
        requirements: name of the file with its pinned packages; peers of one file share an environment.
        command: that starts it in an empty folder, `{scratch}`; that, `{bin}`, `{programs}`, `{model}` and
            `{port}` are filled in.
        ready: path that answers once it is up.
        onnx: whether it runs the graph in ONNX Runtime, otherwise in torch.
        prepare: what has to be done with the weights before, as a command in the same folder.
        environment: variables that both are given.

    """

    name: str
    requirements: str
    command: tuple[str, ...]
    ready: str
    door: Door
    onnx: bool = False
    prepare: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
