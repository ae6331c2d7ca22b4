"""Tables of routers, their names and their providers."""

from datetime import datetime

from pydantic import ConfigDict
from sqlalchemy import Column, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from control_plane.db.types import EnumText, JsonText, TasksText, UtcDateTime, utc_now
from control_plane.deployments.exposure import EXCLUSIVE, Exposure
from control_plane.routers.kinds import LoadBalancing, ProviderKind, QosMetric, RouterType
from model_repository.manifest import Task

BY_HAND = text("version_id IS NULL")


class Router(SQLModel, table=True):
    """A public model: what callers name.

    The system makes one for every model and deletes it with the model; operators make others by hand.

    Attributes:
        owner_id: account that alone sees it, or None for one that everybody may be given.
        creator_id: account that made it by hand, or None for the system and the root key.
        type: None until it is known what the model does.
        tasks: of the model; empty until its first version has been inspected, and for routers made by hand.
        model_id: None for a router made by hand.
        prompt_price: per million tokens read.
        completion_price: per million tokens written.

    """

    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    owner_id: int | None = Field(default=None, foreign_key="account.id")
    creator_id: int | None = Field(default=None, foreign_key="account.id")
    type: RouterType | None = Field(default=None, sa_column=Column(EnumText(RouterType)))
    tasks: tuple[Task, ...] = Field(default=(), sa_column=Column(TasksText, nullable=False))
    model_id: int | None = Field(default=None, foreign_key="model.id", unique=True)
    load_balancing: LoadBalancing = Field(
        default=LoadBalancing.SHUFFLE, sa_column=Column(EnumText(LoadBalancing), nullable=False)
    )
    prompt_price: float = 0.0
    completion_price: float = 0.0
    created_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))


class RouterName(SQLModel, table=True):
    """One name or alias of a router that everybody may be given: the one namespace, kept by the primary key.

    Attributes:
        position: 0 for the name, 1 and up for the aliases in their order.

    """

    __tablename__ = "router_name"

    name: str = Field(primary_key=True)
    router_id: int = Field(
        sa_column=Column(ForeignKey("router.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    position: int


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
        url: base of its API with a trailing slash; for Triton a gRPC address `host:port`, or empty for the
            configured servers.
        model_name: what the model is called there.
        secret: its API key, encrypted; None where it asks for none.
        creator_id: account that added it, or None for the system and the root key.
        version_id: the version that it serves; None for providers added by hand.
        exposure: what part that version has in the router's traffic.
        model_id: of a Triton provider added by hand, the model whose active version it serves.
        weight: share of the traffic beside the router's other providers; 0 only helps out.
        timeout: seconds for connecting, and for each wait for data.
        zone: where it runs, as an ISO 3166-1 alpha-3 code, or `WOR`.
        total_params: parameters of the model in billions, 0 if unknown.
        active_params: those of them that a token goes through.
        max_context_length: tokens, as probed; None where unknown.
        vector_size: of its embeddings, as probed; None for other types.

    """

    __table_args__ = (
        Index(
            "provider_by_hand",
            "router_id",
            "url",
            "model_name",
            unique=True,
            sqlite_where=BY_HAND,
            postgresql_where=BY_HAND,
        ),
        {"sqlite_autoincrement": True},
    )

    model_config = ConfigDict(arbitrary_types_allowed=True)  # type: ignore[assignment]  # SQLModel narrows the type

    id: int | None = Field(default=None, primary_key=True)
    router_id: int = Field(foreign_key="router.id", index=True)
    kind: ProviderKind = Field(sa_column=Column(EnumText(ProviderKind), nullable=False))
    url: str = ""
    model_name: str = ""
    secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    creator_id: int | None = Field(default=None, foreign_key="account.id")
    version_id: int | None = Field(default=None, foreign_key="version.id")
    exposure: Exposure = Field(default=EXCLUSIVE, sa_column=Column(JsonText(Exposure), nullable=False))
    model_id: int | None = Field(default=None, foreign_key="model.id")
    weight: int = 1
    timeout: int = 300
    zone: str = "WOR"
    total_params: int = 0
    active_params: int = 0
    qos_metric: QosMetric | None = Field(default=None, sa_column=Column(EnumText(QosMetric)))
    qos_limit: float | None = None
    max_context_length: int | None = None
    vector_size: int | None = None
    created_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
