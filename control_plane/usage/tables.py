"""Tables of usage and of reserved budget."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, Integer
from sqlmodel import Field, SQLModel

from control_plane.db.types import UtcDateTime


class Usage(SQLModel, table=True):
    """One call, as `UsageRecord` describes it.

    It refers to nothing: keys and routers come and go, and what was used stays.
    """

    __table_args__ = (Index("ix_usage_account_id_created_at", "account_id", "created_at"),)

    id: int | None = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    )
    call_id: str = Field(unique=True)
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    account_id: int
    key_id: int
    key_name: str
    router_id: int
    router_name: str
    provider_id: int
    task: str
    api: str
    endpoint: str
    method: str
    status: int
    request_id: str
    prompt_tokens: int
    completion_tokens: int
    model_prompt_tokens: int | None = None
    model_completion_tokens: int | None = None
    cost: float
    kwh: float
    kgco2eq: float
    latency_ms: float
    ttft_ms: float | None = None


class Reservation(SQLModel, table=True):
    """Budget that a call in progress holds, until it is charged or its time is over.

    Attributes:
        millionths: held of the account's budget; 0 after its time is over. The row then waits for the charge
            that may still come, so that a charge is taken exactly once.
        expires_at: from when on nobody waits for the call any more.

    """

    call_id: str = Field(primary_key=True)
    account_id: int = Field(index=True, foreign_key="account.id")
    millionths: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
