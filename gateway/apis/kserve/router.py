"""The routes of the KServe v2 protocol, behind the same keys as all others."""

from litestar import Router
from litestar.openapi.spec import SecurityRequirement

from gateway.apis.kserve.body import InferBody
from gateway.apis.kserve.errors import render
from gateway.apis.kserve.models import ModelController
from gateway.apis.kserve.server import ServerController
from gateway.bearer import bearer_layer
from gateway.compression import compression_layer
from gateway.direct import direct_layer
from gateway.errors import handlers
from gateway.intake import Intake
from gateway.openapi import BEARER
from gateway.serving.snapshots import Snapshots

PREFIX = "/v2"


def create_router(snapshots: Snapshots, intake: Intake) -> Router:
    """Mount the protocol where its clients look for it."""
    security: list[SecurityRequirement] = [{BEARER: []}]
    with_key = Router(
        path="/",
        route_handlers=[ModelController],
        middleware=[bearer_layer(snapshots), compression_layer(intake), direct_layer(InferBody)],
        security=security,
    )
    return Router(
        path=PREFIX,
        route_handlers=[ServerController, with_key],
        exception_handlers=handlers(render),
        opt={"api": "kserve"},
    )
