"""Table of what versions have done in their traffic."""

from pydantic import ConfigDict
from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from control_plane.db.types import JsonText
from control_plane.deployments.tally import Tally


class TrafficWindow(SQLModel, table=True):
    """What one gateway has seen of one version within ten seconds.

    A gateway writes its window again while it counts on, so a report that is sent twice counts once.

    Attributes:
        provider_id: the provider through which the version was reached; it may be gone.
        began_at: POSIX time in seconds.

    """

    __tablename__ = "traffic_window"
    model_config = ConfigDict(arbitrary_types_allowed=True)  # type: ignore[assignment]  # SQLModel narrows the type

    provider_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    gateway_id: str = Field(primary_key=True)
    began_at: int = Field(primary_key=True, index=True, sa_column_kwargs={"autoincrement": False})
    tally: Tally = Field(sa_column=Column(JsonText(Tally), nullable=False))
