"""All keys and models as of one generation, and how a name is resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from control_plane.catalog.accounts import Key
from control_plane.catalog.errors import ModelNotFoundError, ModelNotReadyError, TaskNotSupportedError
from control_plane.catalog.routers import Router, RouterStatus
from model_repository.manifest import Task


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that a gateway needs to know to serve, as of one generation.

    Attributes:
        keys: by sha-256 digest (32 bytes) of the secret.
        routers: by owner id (None for those that everybody may be given) and name.
        names: routers by those aliases that stand for them whatever the task.
        aliases: other names of built-in routers, by task: `english` is one model for embedding and another
            for question answering.
        missing: names that a catalogue knows and this site has not installed, with a message how to get them.

    """

    generation: int
    keys: Mapping[bytes, Key] = field(default_factory=dict)
    routers: Mapping[tuple[int | None, str], Router] = field(default_factory=dict)
    names: Mapping[str, Router] = field(default_factory=dict)
    aliases: Mapping[tuple[Task, str], Router] = field(default_factory=dict)
    missing: Mapping[tuple[Task, str], str] = field(default_factory=dict)

    def is_built_in(self, name: str) -> bool:
        """Whether a name, or an alias of any task, is that of a built-in model, installed or not."""
        aliased = any(alias == name for _, alias in (*self.aliases, *self.missing))
        return aliased or (None, name) in self.routers

    def find(self, account_id: int, name: str) -> Router | None:
        """Router that an account means by a name, whatever it wants of it: its own, by name, by alias."""
        return self.routers.get((account_id, name)) or self.routers.get((None, name)) or self.names.get(name)

    def resolve(self, account_id: int, task: Task, name: str) -> Router:
        """Router of `name` for this account and task: own models first, then aliases, then built-in.

        Raises:
            ModelNotFoundError: no such model, another account's, or one that nobody answers for.
            TaskNotSupportedError: the model does another task.
            ModelNotReadyError: no version of it has been deployed yet.

        """
        router = (
            self.routers.get((account_id, name))
            or self.aliases.get((task, name))
            or self.routers.get((None, name))
            or self.names.get(name)
        )
        if router is None or router.status is RouterStatus.EMPTY:
            hint = self.missing.get((task, name))
            raise ModelNotFoundError(f"model {name} not found", hint=hint)
        if router.tasks and task not in router.tasks:
            raise TaskNotSupportedError(f"model {name} does not support the task {task}")
        if not router.providers:
            state = (
                "is still building" if router.status is RouterStatus.BUILDING else "has no successful build"
            )
            raise ModelNotReadyError(f"model {name} {state}")
        return router
