"""What goes into routers and providers, and what comes out of them."""

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from control_plane.routers.kinds import LoadBalancing, ProviderKind, QosMetric, RouterType


class NewRouter(msgspec.Struct, frozen=True, kw_only=True):
    """A router to be made by hand."""

    name: str
    type: RouterType
    aliases: tuple[str, ...] = ()
    load_balancing: LoadBalancing = LoadBalancing.SHUFFLE
    prompt_price: float = 0.0
    completion_price: float = 0.0


class RouterPatch(msgspec.Struct, frozen=True, kw_only=True):
    """What shall change; given aliases replace the old ones."""

    name: str | UnsetType = UNSET
    type: RouterType | UnsetType = UNSET
    aliases: tuple[str, ...] | UnsetType = UNSET
    load_balancing: LoadBalancing | UnsetType = UNSET
    prompt_price: float | UnsetType = UNSET
    completion_price: float | UnsetType = UNSET


class RouterView(msgspec.Struct, frozen=True, kw_only=True):
    """A router as operators see it.

    Attributes:
        user_id: who made it or owns it; 0 for the system and the root key.
        providers: how many it has.

    """

    id: int
    name: str
    user_id: int
    type: RouterType
    aliases: list[str]
    load_balancing: LoadBalancing
    vector_size: int | None
    max_context_length: int | None
    prompt_price: float
    completion_price: float
    providers: int
    created_at: datetime
    updated_at: datetime


class NewProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A provider to be added by hand.

    Attributes:
        url: None for the default of its kind; for Triton a gRPC address, or None for the configured servers.
        key: its API key in the clear.

    """

    router: int
    kind: ProviderKind
    model_name: str
    url: str | None = None
    key: str | None = None
    timeout: int = 300
    weight: int = 1
    zone: str = "WOR"
    total_params: int = 0
    active_params: int = 0
    qos_metric: QosMetric | None = None
    qos_limit: float | None = None

    def __repr__(self) -> str:
        return f"NewProvider({self.kind}, {self.url}, {self.model_name})"


class ProviderPatch(msgspec.Struct, frozen=True, kw_only=True):
    """What shall change: an unset field stays, None clears."""

    router: int | UnsetType = UNSET
    timeout: int | UnsetType = UNSET
    weight: int | UnsetType = UNSET
    zone: str | UnsetType = UNSET
    total_params: int | UnsetType = UNSET
    active_params: int | UnsetType = UNSET
    qos_metric: QosMetric | UnsetType | None = UNSET
    qos_limit: float | UnsetType | None = UNSET


class ProviderView(msgspec.Struct, frozen=True, kw_only=True):
    """A provider as operators see it.

    Attributes:
        key: stands for its API key, which is never shown; None where it has none.

    """

    id: int
    router_id: int
    user_id: int
    kind: ProviderKind
    url: str
    key: str | None
    timeout: int
    weight: int
    model_name: str
    zone: str
    total_params: int
    active_params: int
    qos_metric: QosMetric | None
    qos_limit: float | None
    max_context_length: int | None
    vector_size: int | None
    created_at: datetime
    updated_at: datetime
