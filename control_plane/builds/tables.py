"""Tables of builds and their stages."""

from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict
from sqlalchemy import Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from control_plane.db.types import EnumText, JsonText, UtcDateTime, utc_now
from control_plane.deployments.exposure import EXCLUSIVE, Exposure


class BuildKind(StrEnum):
    """What a build does.

    `CONVERT` runs all stages, `ACTIVATE` only the loading of a version that is already published. `TUNE` goes
    through all stages, too, but publishes only what has another, better engine than the version in service.
    """

    CONVERT = "convert"
    ACTIVATE = "activate"
    TUNE = "tune"


class BuildStatus(StrEnum):
    """Life of a build."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = (BuildStatus.QUEUED, BuildStatus.RUNNING)


class Build(SQLModel, table=True):
    """One try to bring a version into service.

    Attributes:
        stage: the stage under way or the last one.
        percent: 0 to 100 over all stages.
        message: what is being done, or the one-line cause of a failure.
        attempt: raised by every claim. A worker writes only while the attempt is still its own, so that one
            that was silent for too long cannot disturb its successor.
        losses: how often its worker or its job was lost.
        exposure: what part the version is to have in the traffic.
        patient: wait for a job worker that offers what the version needs, instead of failing.
        not_before: nobody takes it up earlier.
        heartbeat_at: last sign of life of the worker that runs it.

    """

    model_config = ConfigDict(arbitrary_types_allowed=True)  # type: ignore[assignment]  # SQLModel narrows the type

    id: int | None = Field(default=None, primary_key=True)
    model_id: int = Field(foreign_key="model.id", index=True)
    version_id: int = Field(foreign_key="version.id", index=True)
    kind: BuildKind = Field(sa_column=Column(EnumText(BuildKind), nullable=False))
    status: BuildStatus = Field(
        default=BuildStatus.QUEUED, sa_column=Column(EnumText(BuildStatus), nullable=False, index=True)
    )
    stage: str = ""
    percent: float = 0.0
    message: str = ""
    hint: str = ""
    attempt: int = 0
    losses: int = 0
    cancel_requested: bool = False
    exposure: Exposure = Field(default=EXCLUSIVE, sa_column=Column(JsonText(Exposure), nullable=False))
    patient: bool = False
    not_before: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    heartbeat_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    created_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    started_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    finished_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class BuildStage(SQLModel, table=True):
    """One stage of a build.

    Attributes:
        percent: 0 to 100 within the stage.
        seconds: how long it took, or has taken so far.
        log: path of its log file on the host that ran it; others read `BuildLog`.
        reproduce: shell command that runs it again by itself, or an empty string.

    """

    __tablename__ = "build_stage"
    __table_args__ = (UniqueConstraint("build_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    build_id: int = Field(foreign_key="build.id")
    name: str
    status: str
    percent: float = 0.0
    message: str = ""
    seconds: float = 0.0
    log: str = ""
    reproduce: str = ""
    started_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    finished_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class BuildLog(SQLModel, table=True):
    """A piece of what a stage wrote; its pieces in the order of their ids are the log.

    Stages may run on any host, and gateways on any other: the database is what all of them reach.
    """

    __tablename__ = "build_log"

    id: int | None = Field(default=None, primary_key=True)
    build_id: int = Field(foreign_key="build.id", index=True)
    stage: str
    text: str = Field(sa_column=Column(Text, nullable=False))
