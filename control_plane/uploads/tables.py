"""Table of uploads."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, LargeBinary
from sqlmodel import Field, SQLModel

from control_plane.db.types import EnumText, JsonText, UtcDateTime, utc_now

UPLOADED = "upload:"
"""Kind of the source of a version that was uploaded; the upload's id follows."""


class UploadState(StrEnum):
    """Life of an upload. `gone` has nothing left but bytes to remove; the row goes with them."""

    ISSUED = "issued"
    RECEIVING = "receiving"
    ARRIVED = "arrived"
    GONE = "gone"


class Upload(SQLModel, table=True):
    """One zip, from the URL that was given out for it to the version that was made of it.

    Attributes:
        id: random; also the name of its bytes in the store, and of the source `upload:ID`.
        token_digest: sha-256 of the token in the URL. A plain hash is enough for what is random and long.
        expires_at: after this the URL is worth nothing.
        deadline: of a PUT that has begun; what is still `receiving` then was left behind by a gateway.
        size: bytes of the zip.
        files: members of the zip by their names without the one top folder; only those that people ask for.
        version_id: the version that is built from it.

    """

    id: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    model_name: str
    token_digest: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    state: UploadState = Field(
        default=UploadState.ISSUED, sa_column=Column(EnumText(UploadState), nullable=False, index=True)
    )
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    deadline: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    size: int | None = Field(default=None, sa_column=Column(BigInteger))
    files: dict[str, str] = Field(
        default_factory=dict, sa_column=Column(JsonText(dict[str, str]), nullable=False)
    )
    version_id: int | None = Field(default=None, foreign_key="version.id", index=True)
    created_at: datetime = Field(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
