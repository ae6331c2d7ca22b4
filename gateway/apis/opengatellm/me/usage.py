"""`/v1/me/usage`."""

from typing import Any

from litestar import Controller, Request, get
from litestar.di import NamedDependency

from control_plane.catalog import Key
from gateway.apis.opengatellm.errors import responses
from gateway.apis.opengatellm.schemas.usage import UsageList, UsageQuery, usage_body
from gateway.parameters import documented_by, query_of
from gateway.wiring.metering import Metering


class UsageController(Controller):
    """What callers have used."""

    path = "/me/usage"
    tags = ("me",)
    dependencies = {"wanted": query_of(UsageQuery)}  # noqa: RUF012

    @get(
        operation_id="get_usage",
        summary="List your calls",
        operation_class=documented_by(query=UsageQuery),
        responses=responses(),
    )
    async def get_many(
        self,
        request: Request[Key, Key, Any],
        metering: NamedDependency[Metering],
        wanted: NamedDependency[UsageQuery],
    ) -> UsageList:
        """Your successful calls, newest first; a call is listed within a second of its end."""
        calls = await metering.usage.page(request.auth.account_id, wanted.wanted())
        return UsageList([usage_body(call) for call in calls])
