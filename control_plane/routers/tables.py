"""Tables of routers, their aliases and providers."""

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from control_plane.db.types import EnumText, TasksText
from model_repository.manifest import Task


class Router(SQLModel, table=True):
    """A public model: what callers name. The system makes one for every model and deletes it with the model.

    Attributes:
        owner_id: account that alone sees it, or None for a built-in model.
        tasks: empty until the first version has been inspected.

    """

    id: int | None = Field(default=None, primary_key=True)
    name: str
    owner_id: int | None = Field(default=None, foreign_key="account.id")
    tasks: tuple[Task, ...] = Field(default=(), sa_column=Column(TasksText, nullable=False))
    model_id: int = Field(foreign_key="model.id", unique=True)


class RouterAlias(SQLModel, table=True):
    """Another name of a built-in router within one task.

    Several routers may declare the same alias: the newest declaration whose router can answer holds. So a
    name moves to a newly added model only when that model is ready.
    """

    __tablename__ = "router_alias"
    __table_args__ = (UniqueConstraint("task", "name", "router_id"),)

    id: int | None = Field(default=None, primary_key=True)
    task: Task = Field(sa_column=Column(EnumText(Task), nullable=False))
    name: str
    router_id: int = Field(foreign_key="router.id", index=True)


class Provider(SQLModel, table=True):
    """One place that answers for a router.

    Attributes:
        kind: `triton` is the only one so far.
        url: gRPC address `host:port`, or None for the configured Triton servers.
        version_id: the version that it serves.

    """

    id: int | None = Field(default=None, primary_key=True)
    router_id: int = Field(foreign_key="router.id", index=True)
    kind: str
    url: str | None = None
    version_id: int = Field(foreign_key="version.id")
