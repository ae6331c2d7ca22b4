"""What callers read about builds."""

from datetime import datetime

import msgspec

from control_plane.builds.tables import BuildKind, BuildStatus


class StageSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of a build; see `control_plane.builds.tables.BuildStage`."""

    name: str
    status: str
    percent: float
    message: str
    seconds: float
    log: str
    reproduce: str
    started_at: datetime
    finished_at: datetime | None


class BuildSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A build with its stages; see `control_plane.builds.tables.Build`.

    Attributes:
        owner: account name, or `global` for a built-in model.
        version: number of the version that it brings into service.
        stages: those begun so far, in order.

    """

    id: int
    model: str
    owner: str
    version: int
    kind: BuildKind
    status: BuildStatus
    stage: str
    percent: float
    message: str
    hint: str
    attempt: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    stages: tuple[StageSummary, ...] = ()
