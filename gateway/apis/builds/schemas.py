"""What `/builds` answers with."""

from datetime import datetime
from typing import Any

import msgspec

from control_plane.builds.schemas import BuildSummary
from control_plane.builds.tables import BuildKind, BuildStatus
from control_plane.db.types import utc_now
from model_repository.manifest import Candidate, EngineSpec, Manifest
from model_repository.parity import ParityReport


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of a build.

    Attributes:
        percent: 0 to 100 within the stage.
        reproduce: shell command that runs the stage again by itself where the build ran, or an empty string.

    """

    name: str
    status: str
    percent: float
    message: str
    seconds: float
    reproduce: str
    started_at: datetime
    finished_at: datetime | None


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """One try to bring a version into service.

    Attributes:
        owner: account name, or `global` for a built-in model.
        kind: `convert` for all stages, `activate` to load what is published already, `tune` for all stages
            and a rollout only where another engine has become the better one.
        percent: 0 to 100 over all stages; it never steps back.
        message: what is being done, or the one-line cause of a failure.
        seconds: since its beginning, up to its end.
        stages: those begun so far.

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
    seconds: float
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    stages: list[Stage]


class BuildPage(msgspec.Struct, frozen=True):
    """Some builds, newest first.

    Attributes:
        next: `before` of the page that follows; null when this is the last.

    """

    builds: list[Build]
    next: int | None


class EntryParity(msgspec.Struct, frozen=True, kw_only=True):
    """How close one graph of a version comes to the original.

    Attributes:
        part: role of the graph in a version of several, else an empty string.
        parity: the report of the engine that serves, case by case; null for code of the author's own.
        candidates: the engines that were tried.

    """

    entry: str
    part: str
    engine: EngineSpec
    parity: ParityReport | None
    candidates: tuple[Candidate, ...]


class BuildParity(msgspec.Struct, frozen=True):
    """The parity reports of the version that a build made."""

    build: int
    model: str
    version: int
    entries: list[EntryParity]


def shown(build: BuildSummary) -> Build:
    """A build as this API tells it: without paths of log files."""
    fields: dict[str, Any] = msgspec.structs.asdict(build)
    fields["stages"] = [
        Stage(**{name: getattr(stage, name) for name in Stage.__struct_fields__}) for stage in build.stages
    ]
    begun = build.started_at
    seconds = ((build.finished_at or utc_now()) - begun).total_seconds() if begun else 0.0
    return Build(**fields, seconds=round(seconds, 3))


def shown_parity(manifest: Manifest) -> EntryParity:
    """What a manifest says about its difference from the original."""
    return EntryParity(
        entry=manifest.entry,
        part=manifest.part,
        engine=manifest.engine,
        parity=manifest.parity,
        candidates=manifest.candidates,
    )
