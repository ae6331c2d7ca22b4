"""What callers say and read about models."""

from datetime import datetime
from typing import Literal

import msgspec

from control_plane.deployments.exposure import EXCLUSIVE, Exposure
from control_plane.models.tables import VersionState
from model_repository.manifest import Manifest, Task

BuildState = Literal["success", "building", "fail"]


class NewModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model to add.

    Attributes:
        source: `hf:org/name@revision`, `file:PATH` or `wheel:package==version#path/inside`.
        sha256: expected digest of a wheel.
        tasks: what the model is to do; empty to let the build find out.
        targets: GPUs to build TensorRT plans for, such as `sm89`; empty for those of the settings.
        aliases: other names within each task; only built-in models have them.
        owner: account name, or None for a built-in model.
        exposure: what part a new version is to have in the traffic beside the one that serves.
        resources: what its conversion needs of a job worker, such as `{"GPU": 1}`.
        patient: wait for such a worker instead of failing where there is none.

    """

    name: str
    source: str
    sha256: str | None = None
    tasks: tuple[Task, ...] = ()
    targets: tuple[str, ...] = ()
    description: str = ""
    aliases: dict[Task, tuple[str, ...]] = {}
    owner: str | None = None
    exposure: Exposure = EXCLUSIVE
    resources: dict[str, float] = {}
    patient: bool = False


class ModelSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A model as its users see it.

    Attributes:
        owner: account name, or `global` for a built-in model.
        aliases: other names that lead to it at present, by task.
        build_status: how the newest build ended, or that it has not ended.
        build_message: its cause of failure with a hint, or what it is doing.
        last_deployment: when a version last went into service.
        active_version: number of the version that serves, or None.
        source: where the active version came from, or else the newest.

    """

    name: str
    owner: str
    description: str
    tasks: tuple[Task, ...]
    aliases: dict[Task, tuple[str, ...]]
    build_status: BuildState
    build_message: str
    last_deployment: datetime | None
    active_version: int | None
    source: str


class VersionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A version with the manifests of its entries, none until they have been published."""

    number: int
    state: VersionState
    source: str
    created_at: datetime
    activated_at: datetime | None
    manifests: tuple[Manifest, ...]
