"""What the protocol tells of the server and its models."""

from typing import Any, Self

import msgspec

from gateway.serving.kserve.naming import Target
from model_repository.manifest import TensorSpec


class ServerMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """The server, and what it offers beyond the protocol itself."""

    name: str
    version: str
    extensions: list[str]


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    live: bool = True


class Ready(msgspec.Struct, frozen=True):
    """Whether requests can be served."""

    ready: bool


class ModelReady(msgspec.Struct, frozen=True):
    """The model can be asked."""

    name: str
    ready: bool = True


class TensorMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """A tensor; -1 in its shape stands for any size, and the first axis holds rows where it is -1."""

    name: str
    datatype: str
    shape: list[int]

    @classmethod
    def of(cls, spec: TensorSpec) -> Self:
        """As the graph has it."""
        return cls(name=spec.name, datatype=spec.datatype, shape=list(spec.shape))


class ModelMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """A model's graph, and the versions of it that answer."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]

    @classmethod
    def of(cls, name: str, target: Target) -> Self:
        """As the first of its providers runs it."""
        graph = target.graph
        return cls(
            name=name,
            versions=[str(version) for version in target.versions],
            platform=graph.engine.engine,
            inputs=list(map(TensorMetadata.of, graph.inputs)),
            outputs=list(map(TensorMetadata.of, graph.outputs)),
        )


ModelConfig = dict[str, Any]
"""Triton's own description of a graph."""
