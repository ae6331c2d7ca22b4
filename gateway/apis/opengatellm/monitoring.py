"""`/metrics`."""

from litestar import MediaType, Response, Router, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST

from control_plane.catalog import Permission
from gateway.apis.opengatellm.errors import render, responses, translate
from gateway.bearer import InsufficientRightsError, bearer_layer, permission_layer
from gateway.errors import handlers
from gateway.observability.page import MetricsPage
from gateway.openapi import BEARER
from gateway.serving.snapshots import Snapshots

MEDIA_TYPE = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")
"""Litestar puts the charset behind it; Prometheus takes no page whose type names it twice."""


@get(
    "/metrics",
    operation_id="metrics",
    summary="Prometheus metrics",
    tags=["monitoring"],
    media_type=MediaType.TEXT,
    responses=responses(InsufficientRightsError),
)
async def metrics(metrics_page: NamedDependency[MetricsPage]) -> Response[bytes]:
    """What this gateway has counted since it started, and the site's builds; wants `read_metric`."""
    return Response(await metrics_page.text(), media_type=MEDIA_TYPE)


def create_metrics_router(snapshots: Snapshots) -> Router:
    """Mount the route at the root, as its reference does."""
    return Router(
        path="/",
        route_handlers=[metrics],
        middleware=[bearer_layer(snapshots), permission_layer(Permission.READ_METRIC)],
        exception_handlers=handlers(render, translate),
        security=[{BEARER: []}],
        opt={"api": "opengatellm"},
    )
