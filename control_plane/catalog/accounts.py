"""Keys, the accounts that they speak for, and what their roles allow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MASTER = "master"
"""What callers know the root account as: its e-mail and name."""


class Permission(StrEnum):
    """What a role may allow beyond the use of models."""

    ADMIN = "admin"
    CREATE_PUBLIC_COLLECTION = "create_public_collection"
    READ_METRIC = "read_metric"
    PROVIDE_MODELS = "provide_models"


class LimitType(StrEnum):
    """What a limit counts, and in which window: requests or prompt tokens, a minute or a day."""

    TOKENS_PER_MINUTE = "tpm"
    TOKENS_PER_DAY = "tpd"
    REQUESTS_PER_MINUTE = "rpm"
    REQUESTS_PER_DAY = "rpd"


@dataclass(frozen=True, slots=True)
class Role:
    """What the accounts that have it may do.

    Attributes:
        limits: by router id and type; None is unlimited, and a router or type that is missing is not granted.

    """

    id: int
    name: str
    permissions: frozenset[Permission] = frozenset()
    limits: Mapping[int, Mapping[LimitType, int | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Principal:
    """An account as far as requests need it.

    Attributes:
        id: 0 for the root account.
        name: owner in the names of its repository entries.
        label: what people know it by: its e-mail, or its name where it has none.
        role: None for accounts of the command line: no permissions, and no limits.
        expires_at: POSIX time in seconds from which its keys are refused, or None.
        priority: of its requests; higher goes first.

    """

    id: int
    name: str
    label: str = ""
    role: Role | None = None
    organization_id: int | None = None
    expires_at: float | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Key:
    """An API key that may be used; revoked ones are not in the snapshot.

    Attributes:
        principal: the account that it speaks for; all keys of an account share one object.
        expires_at: POSIX time in seconds, or None for a key without an end.
        is_root: the key from the settings: every permission, and no limits.

    """

    id: int
    principal: Principal
    name: str = ""
    expires_at: float | None = None
    is_root: bool = False

    @property
    def account_id(self) -> int:
        """Id of the account."""
        return self.principal.id

    @property
    def account_name(self) -> str:
        """Name of the account as the owner of repository entries."""
        return self.principal.name

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the caller may do beyond using models."""
        if self.is_root:
            return frozenset(Permission)
        return self.principal.role.permissions if self.principal.role else frozenset()
