"""The routes of `/deployments`, behind the same key as the tasks at the root."""

from litestar import Router

from gateway.apis.builds.errors import render
from gateway.apis.deployments.deployments import DeploymentsController
from gateway.auth import key_layer
from gateway.errors import handlers
from gateway.openapi import API_KEY
from gateway.serving.snapshots import Snapshots


def create_router(snapshots: Snapshots) -> Router:
    """Mount the API at the root."""
    return Router(
        path="/",
        route_handlers=[DeploymentsController],
        middleware=[key_layer(snapshots)],
        exception_handlers=handlers(render),
        security=[{API_KEY: []}],
    )
