"""What callers name as a model, and who answers for it."""

from dataclasses import dataclass
from enum import StrEnum

from control_plane.catalog.errors import TaskNotSupportedError
from control_plane.catalog.providers import Provider
from control_plane.deployments.exposure import Place
from control_plane.routers.kinds import LoadBalancing, RouterType
from model_repository.manifest import Task


class RouterStatus(StrEnum):
    """Whether a router has something to send requests to."""

    READY = "ready"
    BUILDING = "building"
    FAILED = "failed"
    EMPTY = "empty"
    """Made by hand, and nobody answers for it yet."""


@dataclass(frozen=True, slots=True)
class Router:
    """A public model: what a caller names, and the providers behind it.

    Attributes:
        owner_id: account that alone sees it, or None for one that everybody may be given.
        tasks: empty while the first build has not found them out yet, and where only others' APIs answer.
        providers: never empty when `status` is READY.
        type: None while it is not known what the model does.
        aliases: other names of it, whatever the task.
        prompt_price: per million tokens read.
        completion_price: per million tokens written.
        max_context_length: tokens; None where unknown.
        vector_size: of its embeddings; None where unknown.
        created_at: POSIX time in seconds.
        owned_by: name of its owner's organization, or an empty string.

    """

    id: int
    name: str
    owner_id: int | None
    tasks: tuple[Task, ...]
    status: RouterStatus
    providers: tuple[Provider, ...]
    type: RouterType | None = None
    aliases: tuple[str, ...] = ()
    load_balancing: LoadBalancing = LoadBalancing.SHUFFLE
    prompt_price: float = 0.0
    completion_price: float = 0.0
    max_context_length: int | None = None
    vector_size: int | None = None
    created_at: float = 0.0
    owned_by: str = ""

    def able(self, task: Task) -> tuple[Provider, ...]:
        """Those of its providers that this gateway itself runs the task on, canaries and shadows aside.

        Raises:
            TaskNotSupportedError: there is none.

        """
        found = tuple(
            provider
            for provider in self.providers
            if provider.exposure.place is Place.ACTIVE and task in provider.tasks
        )
        if not found:
            raise TaskNotSupportedError(f"model {self.name} does not support the task {task}")
        return found

    @property
    def divided(self) -> bool:
        """Whether there is a canary or a shadow."""
        return any(provider.exposure.place is not Place.ACTIVE for provider in self.providers)

    def beside(self, place: Place, task: Task, draw: float) -> Provider | None:
        """The canary or shadow that this request goes to, if there is one that does the task.

        Args:
            draw: a random number, 0 to 1 without 1.

        """
        for provider in self.providers:
            exposure = provider.exposure
            if exposure.place is place and draw < exposure.share and task in provider.tasks:
                return provider
        return None
