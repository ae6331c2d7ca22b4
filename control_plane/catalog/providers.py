"""One place that answers for a router."""

from dataclasses import dataclass, field

from control_plane.catalog.errors import TaskNotSupportedError
from control_plane.deployments.exposure import EXCLUSIVE, Exposure
from control_plane.routers.kinds import ProviderKind, QosMetric
from model_repository.manifest import Manifest, Task


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
