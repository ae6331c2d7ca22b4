"""Tables of models and versions."""

from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict
from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from control_plane.db.types import EnumText, JsonText, TasksText, UtcDateTime, utc_now
from model_repository.manifest import Manifest, Task


class VersionState(StrEnum):
    """Life of a version; Triton should hold the entries of those that load, serve or drain.

    The states of those that serve are named as their places in the traffic, `control_plane.catalog.Place`.
    """

    BUILDING = "building"
    LOADING = "loading"
    ACTIVE = "active"
    CANARY = "canary"
    SHADOW = "shadow"
    DRAINING = "draining"
    RETIRED = "retired"
    FAILED = "failed"


SERVING = (VersionState.ACTIVE, VersionState.CANARY, VersionState.SHADOW)
"""States of the versions that requests, or copies of them, are sent to."""


class Model(SQLModel, table=True):
    """A name that a caller may use, and what it is for.

    Attributes:
        owner_id: account that alone sees it, or None for a built-in model.
        tasks: what the version in service does; before there is one, what the author wants, or none.
        deleted_at: gone for callers since then; the row stays, so that version numbers are never used again.

    """

    __table_args__ = (
        Index(
            "uq_model_owned",
            "owner_id",
            "name",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "uq_model_builtin",
            "name",
            unique=True,
            sqlite_where=text("owner_id IS NULL AND deleted_at IS NULL"),
            postgresql_where=text("owner_id IS NULL AND deleted_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    owner_id: int | None = Field(default=None, foreign_key="account.id")
    name: str
    tasks: tuple[Task, ...] = Field(default=(), sa_column=Column(TasksText, nullable=False))
    description: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    deleted_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class Version(SQLModel, table=True):
    """One immutable conversion of a model.

    Attributes:
        source: where the weights come from, as given by the author.
        tasks: what the author wants it to do; empty to let the build find out.
        targets: GPUs that TensorRT plans are built for; empty for those of the settings.
        resources: what its conversion needs of a job worker, such as `{"GPU": 1}`.
        manifests: of its entries; None until they are about to be published.
        published: its entries lie in the model repository.
        remark: why it was sent back, if it was.
        drain_generation: for a draining version the generation that took its traffic away.

    """

    __table_args__ = (UniqueConstraint("model_id", "number"),)
    model_config = ConfigDict(arbitrary_types_allowed=True)  # type: ignore[assignment]  # SQLModel narrows the type

    id: int | None = Field(default=None, primary_key=True)
    model_id: int = Field(foreign_key="model.id", index=True)
    number: int
    state: VersionState = Field(sa_column=Column(EnumText(VersionState), nullable=False, index=True))
    source: str
    sha256: str | None = None
    tasks: tuple[Task, ...] = Field(default=(), sa_column=Column(TasksText, nullable=False))
    targets: tuple[str, ...] = Field(default=(), sa_column=Column(JsonText(tuple[str, ...]), nullable=False))
    resources: dict[str, float] = Field(
        default_factory=dict, sa_column=Column(JsonText(dict[str, float]), nullable=False)
    )
    manifests: tuple[Manifest, ...] | None = Field(
        default=None, sa_column=Column(JsonText(tuple[Manifest, ...]))
    )
    published: bool = False
    remark: str = ""
    drain_generation: int | None = None
    created_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    activated_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))

    @property
    def entries(self) -> list[str]:
        """Names of its repository entries; empty before they are published."""
        return [manifest.entry for manifest in self.manifests or ()]
