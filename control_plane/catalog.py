"""The immutable snapshot that a gateway serves from: plain types, no ORM, no SQL.

`control_plane.snapshot` builds it from the tables whenever `catalog_generation` has risen; the hot path only
reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from control_plane.deployments.exposure import EXCLUSIVE, Exposure, Place
from control_plane.routers.kinds import LoadBalancing, ProviderKind, QosMetric, RouterType
from model_repository.errors import TriremeError
from model_repository.manifest import Manifest, Task

MASTER = "master"
"""What callers know the root account as: its e-mail and name."""


class RouterStatus(StrEnum):
    """Whether a router has something to send requests to."""

    READY = "ready"
    BUILDING = "building"
    FAILED = "failed"
    EMPTY = "empty"
    """Made by hand, and nobody answers for it yet."""


class Permission(StrEnum):
    """What a role may allow beyond the use of models."""

    ADMIN = "admin"
    CREATE_PUBLIC_COLLECTION = "create_public_collection"
    READ_METRIC = "read_metric"
    PROVIDE_MODELS = "provide_models"


class LimitType(StrEnum):
    """What a limit counts, and in which window: requests or prompt tokens, a minute or a day."""

    TOKENS_PER_MINUTE = "tpm"
    TOKENS_PER_DAY = "tpd"
    REQUESTS_PER_MINUTE = "rpm"
    REQUESTS_PER_DAY = "rpd"


class ModelNotFoundError(TriremeError):
    """No model of that name that the caller may use."""

    status = 404
    code = "model_not_found"


class TaskNotSupportedError(TriremeError):
    """The model exists and does something else."""

    status = 400
    code = "task_not_supported"


class ModelNotReadyError(TriremeError):
    """The model exists and has no successful build yet."""

    status = 409
    code = "model_not_ready"
    retry_after = 5


@dataclass(frozen=True, slots=True)
class Role:
    """What the accounts that have it may do.

    Attributes:
        limits: by router id and type; None is unlimited, and a router or type that is missing is not granted.

    """

    id: int
    name: str
    permissions: frozenset[Permission] = frozenset()
    limits: Mapping[int, Mapping[LimitType, int | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Principal:
    """An account as far as requests need it.

    Attributes:
        id: 0 for the root account.
        name: owner in the names of its repository entries.
        label: what people know it by: its e-mail, or its name where it has none.
        role: None for accounts of the command line: no permissions, and no limits.
        expires_at: POSIX time in seconds from which its keys are refused, or None.
        priority: of its requests; higher goes first.

    """

    id: int
    name: str
    label: str = ""
    role: Role | None = None
    organization_id: int | None = None
    expires_at: float | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Key:
    """An API key that may be used; revoked ones are not in the snapshot.

    Attributes:
        principal: the account that it speaks for; all keys of an account share one object.
        expires_at: POSIX time in seconds, or None for a key without an end.
        is_root: the key from the settings: every permission, and no limits.

    """

    id: int
    principal: Principal
    name: str = ""
    expires_at: float | None = None
    is_root: bool = False

    @property
    def account_id(self) -> int:
        """Id of the account."""
        return self.principal.id

    @property
    def account_name(self) -> str:
        """Name of the account as the owner of repository entries."""
        return self.principal.name

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the caller may do beyond using models."""
        if self.is_root:
            return frozenset(Permission)
        return self.principal.role.permissions if self.principal.role else frozenset()


@dataclass(frozen=True, slots=True)
class Provider:
    """One place that answers for a router.

    Attributes:
        url: base of its API with a trailing slash; for Triton a gRPC address `host:port`, or None for the
            configured servers.
        graphs: of a Triton provider, the manifests of the entries of the version that it serves; empty for
            all others.
        model_name: what the model is called there.
        secret: its API key, encrypted; None where it asks for none.
        weight: share of the traffic beside the router's other providers; 0 only helps out.
        timeout: seconds for connecting, and for each wait for data.
        zone: where it runs, as an ISO 3166-1 alpha-3 code, or `WOR`.
        total_params: parameters of the model in billions, 0 if unknown.
        active_params: those of them that a token goes through.
        exposure: what part its version has in the traffic.

    """

    id: int
    kind: ProviderKind
    url: str | None
    graphs: tuple[Manifest, ...] = ()
    model_name: str = ""
    secret: bytes | None = field(default=None, repr=False)
    weight: int = 1
    timeout: int = 300
    zone: str = "WOR"
    total_params: int = 0
    active_params: int = 0
    qos_metric: QosMetric | None = None
    qos_limit: float | None = None
    exposure: Exposure = EXCLUSIVE

    @property
    def tasks(self) -> frozenset[Task]:
        """Tasks that its graphs do."""
        return frozenset(task for manifest in self.graphs for task in manifest.tasks)

    def graph(self, task: Task) -> Manifest:
        """The graph that does a task.

        Raises:
            TaskNotSupportedError: none of them does.

        """
        for manifest in self.graphs:
            if task in manifest.tasks:
                return manifest
        raise TaskNotSupportedError(f"model {self.model_name} does not support the task {task}")


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
