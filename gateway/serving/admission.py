"""Refuses calls of models whose queue is too long, before any work is done for them."""

from typing import Protocol

from control_plane.catalog import Provider, Router
from control_plane.deployments.exposure import Place
from gateway.serving.errors import OverloadedError
from model_repository.manifest import Manifest, Task


class Queues(Protocol):
    """Where the rows of calls wait for their graphs."""

    def takes(self, provider: Provider, graph: Manifest) -> bool:
        """Whether a call would be let in now, as far as that is known without its rows."""


class Admission:
    """Tells how a call would fare before its texts are counted and turned into tokens.

    In an overload most calls are refused, so that has to cost little. One that is let in here may still be
    refused by the queue itself, which knows its rows and the provider that it fell to.
    """

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def check(self, router: Router, task: Task) -> None:
        """Make sure that a provider of the router may take a call.

        Raises:
            OverloadedError: at each of them it would wait for too long.

        """
        active = [provider for provider in router.providers if provider.exposure.place is Place.ACTIVE]
        if active and not any(self._takes(provider, task) for provider in active):
            raise OverloadedError(f"too many rows are waiting for model {router.name}")

    def _takes(self, provider: Provider, task: Task) -> bool:
        """Providers elsewhere have no queue here."""
        return task not in provider.tasks or self._queues.takes(provider, provider.graph(task))
