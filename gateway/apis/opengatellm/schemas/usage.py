"""`/v1/me/usage`: query and answer."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
from pydantic import BaseModel, Field

from control_plane.usage.service import UsageFilter
from control_plane.usage.tables import Usage
from gateway.apis.opengatellm.schemas.fields import MAX_ID, MAX_SECONDS, seconds

DEFAULT_RANGE = timedelta(days=30)

Endpoint = Literal[
    "/v1/audio/transcriptions",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/ocr",
    "/v1/parse-beta",
    "/v1/rerank",
    "/v1/responses",
    "/v1/search",
    "/v2/models/{model}/infer",
    "/v2/models/{model}/versions/{version}/infer",
    "/custom",
    "/emotion",
    "/image-classification",
    "/image-text-vectorisation",
    "/image-vectorisation",
    "/qa",
    "/summarisation",
    "/text-classification",
    "/text-generation",
    "/text-vectorisation",
]
"""Routes whose calls leave records, of every API."""


class UsageQuery(BaseModel):
    """Which calls, and where the list begins."""

    offset: int = Field(0, ge=0, le=MAX_ID, description="How many to skip.")
    limit: int = Field(10, ge=1, le=100, description="How many to return.")
    start_time: int | None = Field(
        None, ge=0, le=MAX_SECONDS, description="Earliest time; 30 days ago if not given."
    )
    end_time: int | None = Field(None, ge=0, le=MAX_SECONDS, description="Latest time; now if not given.")
    endpoint: Endpoint | None = Field(None, description="Calls of one endpoint alone.")

    def wanted(self) -> UsageFilter:
        """The filter that is asked for; a bound in whole seconds includes all of its second."""
        now = datetime.now(UTC)
        return UsageFilter(
            since=now - DEFAULT_RANGE if self.start_time is None else _moment(self.start_time),
            until=now if self.end_time is None else _moment(self.end_time, microsecond=999_999),
            endpoint=self.endpoint,
            offset=self.offset,
            limit=self.limit,
        )


class Carbon(msgspec.Struct, frozen=True):
    """Electricity and greenhouse gases of a call."""

    kWh: float  # noqa: N815  # the published name
    kgCO2eq: float  # noqa: N815  # the published name


class CallMetrics(msgspec.Struct, frozen=True):
    """Milliseconds of a call, and until the first text of a streamed answer."""

    latency: float
    ttft: float | None


class CallUsage(msgspec.Struct, frozen=True):
    """What a call used."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cost: float
    carbon: Carbon
    metrics: CallMetrics


class UsageBody(msgspec.Struct, frozen=True, kw_only=True):
    """One call."""

    object: Literal["me.usage"] = "me.usage"
    model: str
    key: str
    endpoint: str
    method: str
    status: int
    usage: CallUsage
    created: int


class UsageList(msgspec.Struct, frozen=True):
    """A page of calls, newest first."""

    data: list[UsageBody]
    object: Literal["list"] = "list"


def usage_body(call: Usage) -> UsageBody:
    """A call as its caller sees it."""
    return UsageBody(
        model=call.router_name,
        key=call.key_name,
        endpoint=call.endpoint,
        method=call.method,
        status=call.status,
        usage=CallUsage(
            prompt_tokens=call.prompt_tokens,
            completion_tokens=call.completion_tokens,
            total_tokens=call.prompt_tokens + call.completion_tokens,
            cost=call.cost,
            carbon=Carbon(call.kwh, call.kgco2eq),
            metrics=CallMetrics(call.latency_ms, call.ttft_ms),
        ),
        created=seconds(call.created_at),
    )


def _moment(second: int, *, microsecond: int = 0) -> datetime:
    return datetime.fromtimestamp(second, UTC).replace(microsecond=microsecond)
