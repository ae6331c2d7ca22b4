"""What a caller of the protocol means by the name of a model: one graph, whose tensors it knows."""

from dataclasses import dataclass

from control_plane.catalog import Catalog, Key, ModelNotFoundError, Provider, Router
from control_plane.deployments.exposure import Place
from control_plane.routers.kinds import ProviderKind
from gateway.serving.inference.naming import granted
from model_repository.errors import RefusedInputError
from model_repository.manifest import Engine, Manifest

UNSUITED = {
    Engine.GENERATION: "answers in pieces, which this protocol cannot: ask the endpoint of its task",
    Engine.CUSTOM: "is its author's own code: ask the endpoint of its task",
}
"""Engines whose graphs do not answer one request of tensors by one, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Target:
    """A graph, and who runs it.

    Attributes:
        part: of the model, empty where it is one graph.
        providers: the active ones.

    """

    router: Router
    part: str
    providers: tuple[Provider, ...]

    @property
    def graph(self) -> Manifest:
        """The graph as the first of the providers runs it."""
        return self.of(self.providers[0])

    @property
    def versions(self) -> list[int]:
        """Of the model that answer now."""
        return sorted({self.of(provider).version for provider in self.providers})

    def of(self, provider: Provider) -> Manifest:
        """The graph as a provider runs it.

        Raises:
            RefusedInputError: it has no such graph.

        """
        for graph in provider.graphs:
            if graph.part == self.part:
                return graph
        raise RefusedInputError(f"model {self.router.name} has no graph {self.part}")


def find(catalog: Catalog, caller: Key, name: str, version: str | None = None) -> Target:
    """The graph that a caller means by the name of a model, or for models of several by `model.part`.

    Args:
        version: that is wanted, None for whichever serves.

    Raises:
        ModelNotFoundError: there is none, or not this version of it.
        ModelForbiddenError: the caller's role has the model in part only.
        RefusedInputError: the model is several graphs, or none whose tensors could be sent.

    """
    router, part = _router(catalog, caller, name)
    providers = tuple(
        provider
        for provider in router.providers
        if provider.kind is ProviderKind.TRITON and provider.exposure.place is Place.ACTIVE
    )
    if not providers:
        raise RefusedInputError(f"model {name} is answered by another's API, which takes no tensors")
    target = Target(router, part, providers)
    parts = sorted(graph.part for graph in providers[0].graphs)
    if part not in parts:
        right = " or ".join(f"{router.name}.{each}" for each in parts)
        raise RefusedInputError(f"model {router.name} is several graphs: ask for {right}")
    if reason := UNSUITED.get(target.graph.engine.engine):
        raise RefusedInputError(f"model {name} {reason}")
    if version is None:
        return target
    chosen = tuple(provider for provider in providers if str(target.of(provider).version) == version)
    if not chosen:
        served = ", ".join(map(str, target.versions))
        raise ModelNotFoundError(f"model {name} has no version {version} in service: it has {served}")
    return Target(router, part, chosen)


def _router(catalog: Catalog, caller: Key, name: str) -> tuple[Router, str]:
    try:
        return granted(catalog, caller, name), ""
    except ModelNotFoundError:
        whole, dot, part = name.rpartition(".")
        if not dot:
            raise
    router = granted(catalog, caller, whole)
    if not any(graph.part == part for provider in router.providers for graph in provider.graphs):
        raise ModelNotFoundError("Model not found.")
    return router, part
