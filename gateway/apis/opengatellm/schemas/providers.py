"""Bodies of providers."""

from typing import Annotated, Any, Literal, Self

import msgspec
from msgspec import UNSET
from pydantic import AfterValidator, AliasChoices, BaseModel, Field, model_validator

from control_plane.routers.kinds import DEFAULT_URLS, ProviderKind, QosMetric
from control_plane.routers.schemas import NewProvider, ProviderPatch, ProviderView
from control_plane.routers.zones import WORLD, ZONES
from gateway.apis.opengatellm.schemas.fields import MAX_ID, Id, Name, seconds
from gateway.apis.opengatellm.schemas.pages import ORDER_BY, PageQuery

MAX_TIMEOUT = 86_400
SCHEMES = ("http://", "https://")


def _zone(code: str) -> str:
    if code not in ZONES:
        raise ValueError("Input should be an ISO 3166-1 alpha-3 code in upper case, or WOR")
    return code


Zone = Annotated[str, AfterValidator(_zone)]
Timeout = Annotated[int, Field(gt=0, le=MAX_TIMEOUT)]
Params = Annotated[int, Field(ge=0, le=MAX_ID)]
Weight = Annotated[int, Field(ge=0, le=1000)]
QosLimit = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ProviderPath(BaseModel):
    """Which provider."""

    provider: Id = Field(description="Id of the provider.")


class ProviderPageQuery(PageQuery):
    """Page of providers."""

    order_by: Literal["id", "model_name", "created"] = Field(
        "id", validation_alias=ORDER_BY, description="Field to order by."
    )
    router: Id | None = Field(
        None, validation_alias=AliasChoices("router", "router_id"), description="Only this router's."
    )


class CreateProvider(BaseModel):
    """A provider to be added, once it has shown that it answers."""

    router: Id = Field(description="Id of the router that it answers for.", examples=[1])
    type: ProviderKind = Field(description="Whose API it speaks.", examples=["vllm"])
    url: Name | None = Field(
        None,
        description="Base of its API without /v1; tei and vllm need one. For triton a gRPC address, or none "
        "for this site's own servers.",
        examples=["http://vllm:8000/"],
    )
    key: Name | None = Field(None, description="Its API key: kept encrypted and never shown again.")
    timeout: Timeout = Field(300, description="Seconds for connecting, and for each wait for data.")
    model_name: Name = Field(description="What the model is called there.", examples=["org/model"])
    model_hosting_zone: Zone = Field(WORLD, description="Country of its electricity.", examples=["FRA"])
    model_total_params: Params = Field(0, description="Billions of parameters.")
    model_active_params: Params = Field(0, description="Billions of parameters that a token goes through.")
    qos_metric: QosMetric | None = Field(None, description="Needs qos_limit.")
    qos_limit: QosLimit | None = None
    weight: Weight = Field(1, description="Share of the traffic; 0 only steps in for others.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.qos_metric is not None and self.qos_limit is None:
            raise ValueError("qos_limit is required with qos_metric")
        if self.url is None and self.type not in {*DEFAULT_URLS, ProviderKind.TRITON}:
            raise ValueError(f"url is required for {self.type} providers")
        if self.type is not ProviderKind.TRITON and not (self.url or "http://").startswith(SCHEMES):
            raise ValueError("url must begin with http:// or https://")
        return self

    def new(self) -> NewProvider:
        """As the control plane takes it; every URL but Triton's ends with a slash."""
        url = self.url
        if url is not None and self.type is not ProviderKind.TRITON:
            url = url.rstrip("/") + "/"
        return NewProvider(
            router=self.router,
            kind=self.type,
            url=url,
            key=self.key,
            timeout=self.timeout,
            model_name=self.model_name,
            zone=self.model_hosting_zone,
            total_params=self.model_total_params,
            active_params=self.model_active_params,
            qos_metric=self.qos_metric,
            qos_limit=self.qos_limit,
            weight=self.weight,
        )


class UpdateProvider(BaseModel):
    """What shall change: absent or null leaves a field, but `qos_metric: null` ends the policy."""

    router: Id | None = None
    timeout: Timeout | None = Field(None, examples=[60])
    model_hosting_zone: Zone | None = None
    model_total_params: Params | None = None
    model_active_params: Params | None = None
    qos_metric: QosMetric | None = None
    qos_limit: QosLimit | None = None
    weight: Weight | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.qos_metric is not None and self.qos_limit is None:
            raise ValueError("qos_limit is required with qos_metric")
        return self

    def patch(self) -> ProviderPatch:
        """As the control plane takes it."""
        given = {
            "router": self.router,
            "timeout": self.timeout,
            "zone": self.model_hosting_zone,
            "total_params": self.model_total_params,
            "active_params": self.model_active_params,
            "qos_metric": self.qos_metric,
            "qos_limit": self.qos_limit,
            "weight": self.weight,
        }
        changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if "qos_metric" in self.model_fields_set and self.qos_metric is None:
            changed["qos_metric"] = None
        return ProviderPatch(**{name: changed.get(name, UNSET) for name in given})


class AddedProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A provider; its key is only told to exist."""

    id: int
    router_id: int
    user_id: int
    type: ProviderKind
    url: str
    key: str | None
    timeout: int
    model_name: str
    model_hosting_zone: str
    model_total_params: int
    model_active_params: int
    qos_metric: QosMetric | None
    qos_limit: float | None
    weight: int
    created: int
    updated: int

    @classmethod
    def of(cls, view: ProviderView) -> Self:
        """As this API shows it."""
        return cls(
            id=view.id,
            router_id=view.router_id,
            user_id=view.user_id,
            type=view.kind,
            url=view.url,
            key=view.key,
            timeout=view.timeout,
            model_name=view.model_name,
            model_hosting_zone=view.zone,
            model_total_params=view.total_params,
            model_active_params=view.active_params,
            qos_metric=view.qos_metric,
            qos_limit=view.qos_limit,
            weight=view.weight,
            created=seconds(view.created_at),
            updated=seconds(view.updated_at),
        )


class ProviderBody(AddedProvider, frozen=True, kw_only=True):
    """A provider, named as such."""

    object: Literal["provider"] = "provider"


class ProviderList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of providers."""

    object: Literal["list"] = "list"
    data: list[ProviderBody]
