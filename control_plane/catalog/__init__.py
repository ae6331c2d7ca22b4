"""The immutable snapshot that a gateway serves from: plain types, no ORM, no SQL.

`control_plane.snapshot` builds it from the tables whenever `catalog_generation` has risen; the hot path only
reads.
"""

from control_plane.catalog.accounts import MASTER, Key, LimitType, Permission, Principal, Role
from control_plane.catalog.catalog import Catalog
from control_plane.catalog.errors import ModelNotFoundError, ModelNotReadyError, TaskNotSupportedError
from control_plane.catalog.providers import Provider
from control_plane.catalog.routers import Router, RouterStatus

__all__ = [
    "MASTER",
    "Catalog",
    "Key",
    "LimitType",
    "ModelNotFoundError",
    "ModelNotReadyError",
    "Permission",
    "Principal",
    "Provider",
    "Role",
    "Router",
    "RouterStatus",
    "TaskNotSupportedError",
]
