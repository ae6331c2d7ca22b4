"""The routes of the OpenGateLLM API, behind its keys and with its error bodies."""

from litestar import Router
from litestar.openapi.spec import SecurityRequirement

from gateway.apis.opengatellm.admin.audit import AuditController
from gateway.apis.opengatellm.admin.organizations import OrganizationsController
from gateway.apis.opengatellm.admin.providers import ProvidersController
from gateway.apis.opengatellm.admin.roles import RolesController
from gateway.apis.opengatellm.admin.routers import RoutersController
from gateway.apis.opengatellm.admin.tokens import TokensController
from gateway.apis.opengatellm.admin.users import UsersController
from gateway.apis.opengatellm.auth import AuthController
from gateway.apis.opengatellm.errors import render, translate
from gateway.apis.opengatellm.inference.chat import ChatController
from gateway.apis.opengatellm.inference.completions import CompletionsController
from gateway.apis.opengatellm.inference.embeddings import EmbeddingsController
from gateway.apis.opengatellm.inference.ocr import OCRController
from gateway.apis.opengatellm.inference.parse import ParseController
from gateway.apis.opengatellm.inference.rerank import RerankController
from gateway.apis.opengatellm.inference.responses import ResponsesController
from gateway.apis.opengatellm.inference.transcriptions import TranscriptionsController
from gateway.apis.opengatellm.me.info import ChangeController, InfoController
from gateway.apis.opengatellm.me.keys import KeysController
from gateway.apis.opengatellm.me.usage import UsageController
from gateway.apis.opengatellm.models import ModelsController
from gateway.bearer import bearer_layer
from gateway.direct import direct_layer
from gateway.errors import handlers
from gateway.granted import GrantedJSON
from gateway.openapi import BEARER
from gateway.serving.snapshots import Snapshots

PREFIX = "/v1"


def create_router(snapshots: Snapshots) -> Router:
    """Mount the API where its clients look for it."""
    security: list[SecurityRequirement] = [{BEARER: []}]
    with_key = Router(
        path="/",
        route_handlers=[
            OrganizationsController,
            RolesController,
            UsersController,
            TokensController,
            AuditController,
            RoutersController,
            ProvidersController,
            ModelsController,
            ChangeController,
            KeysController,
            UsageController,
            ChatController,
            CompletionsController,
            ResponsesController,
            TranscriptionsController,
            EmbeddingsController,
            RerankController,
            OCRController,
            ParseController,
        ],
        middleware=[bearer_layer(snapshots), direct_layer(GrantedJSON)],
        security=security,
    )
    with_key_of_any_account = Router(
        path="/",
        route_handlers=[InfoController],
        middleware=[bearer_layer(snapshots, expired_accounts=True)],
        security=security,
    )
    return Router(
        path=PREFIX,
        route_handlers=[AuthController, with_key, with_key_of_any_account],
        exception_handlers=handlers(render, translate),
        opt={"api": "opengatellm"},
    )
