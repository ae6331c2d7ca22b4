"""Builds the gateway's ASGI application out of its parts."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING

import structlog
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from control_plane.builds.figures import build_figures
from control_plane.db.engine import Database
from control_plane.settings import AccountSettings, UploadSettings
from control_plane.uploads.store import UploadStore
from gateway.addresses import PublicAddress
from gateway.apis.backprop import errors as backprop_errors
from gateway.apis.backprop.router import create_router as create_backprop
from gateway.apis.backprop.router import create_upload_router
from gateway.apis.builds import errors as builds_errors
from gateway.apis.builds.router import create_router as create_builds
from gateway.apis.deployments.router import create_router as create_deployments
from gateway.apis.kserve import errors as kserve_errors
from gateway.apis.kserve import router as kserve
from gateway.apis.kserve.slashes import SlashesLayer
from gateway.apis.opengatellm import errors as opengatellm_errors
from gateway.apis.opengatellm import router as opengatellm
from gateway.apis.opengatellm.monitoring import create_metrics_router
from gateway.catalog_feed import CatalogFeed
from gateway.dependencies import provided
from gateway.errors import handlers_by_prefix
from gateway.health import HealthController, judge
from gateway.intake import Intake, IntakeLayer
from gateway.observability.builds import BuildMetrics
from gateway.observability.metrics import Metrics
from gateway.observability.page import MetricsPage
from gateway.observability.requests import RequestObserver
from gateway.observability.state import StateMetrics
from gateway.observability.tasks import TaskMetrics
from gateway.openapi import openapi_at_the_root, openapi_config
from gateway.schemas import ModelSchemas, StructSchemas
from gateway.serving.admission import Admission
from gateway.serving.dispatch import Dispatcher
from gateway.serving.engine import Engine
from gateway.serving.inference.inference import Inference
from gateway.serving.kserve.inference import TensorInference
from gateway.serving.routing.balancer import Balancer
from gateway.serving.snapshots import Snapshots
from gateway.serving.tokenization import Tokenizers
from gateway.serving.traffic import Traffic
from gateway.serving.triton import TritonPool
from gateway.settings import GatewaySettings, TracingSettings
from gateway.traffic_report import TrafficReport
from gateway.wiring.authoring import Authoring
from gateway.wiring.documents import Reading
from gateway.wiring.identity import Identity
from gateway.wiring.inference import inference_dependencies
from gateway.wiring.metering import Metering
from gateway.wiring.providers import ProviderServices
from gateway.wiring.runners import ModelRunners
from model_repository.storage import Storage

if TYPE_CHECKING:
    from gateway.observability.tracing import Tracing

FIRST_CATALOGUE_SECONDS = 5.0
"""How long the start waits for the database; without it requests answer 503 until it comes."""

log = structlog.get_logger(__name__)


def create_app(
    settings: GatewaySettings,
    *,
    database: Database,
    storage: Storage,
    triton_urls: Sequence[str],
    triton_http_urls: Sequence[str] = (),
    uploads: UploadStore,
    upload_settings: UploadSettings,
    secret_keys: Sequence[str] = (),
    accounts: AccountSettings = AccountSettings(),  # noqa: B008 - it is frozen
) -> Litestar:
    """Application that serves from this database and repository through these Triton servers.

    Args:
        triton_urls: gRPC addresses `host:port`.
        triton_http_urls: HTTP addresses of the same servers in the same order, or none.
        uploads: where uploaded zips lie; a folder is filled by this application itself.
        secret_keys: that the keys of providers elsewhere are encrypted with, newest first.

    """
    snapshots = Snapshots()
    tokenizers = Tokenizers(threads=settings.tokenizer_threads, queue=settings.tokenizer_queue)
    triton = TritonPool(
        triton_urls,
        triton_http_urls,
        timeout=settings.triton_timeout,
        in_flight=settings.packs_in_flight,
        stream_timeout=settings.stream_timeout,
    )
    metrics = Metrics()
    task_metrics = TaskMetrics(metrics.registry, enabled=settings.metrics)
    runners = ModelRunners.of(settings, tokenizers, triton, task_metrics)
    balancer, traffic = Balancer(settings=settings.routing), Traffic()
    dispatcher = Dispatcher(snapshots, balancer, traffic, copies=settings.shadow_requests)
    metering = Metering.of(settings, database, tokenizers, task_metrics, Admission(runners.text_rows))
    engine = Engine(
        snapshots,
        metering.meter,
        dispatcher,
        text=runners.text,
        image=runners.image,
        generation=runners.generation,
        custom=runners.custom,
        tensors=runners.tensors,
    )
    gateway_id = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
    tracing = _tracing(settings.tracing, gateway_id)
    report = TrafficReport(traffic, database=database, gateway_id=gateway_id)
    feed = CatalogFeed(
        snapshots,
        tokenizers,
        balancer,
        database=database,
        storage=storage,
        gateway_id=gateway_id,
        interval=settings.poll_interval,
    )
    authoring = Authoring.of(settings, database, uploads, upload_settings)
    identity = Identity.of(database, accounts)
    providers = ProviderServices(
        database,
        snapshots,
        balancer,
        triton,
        secret_keys=secret_keys,
        interval=settings.provider_interval,
    )
    intake = Intake(
        max_requests=settings.max_requests,
        max_body=settings.max_body_bytes,
        max_bytes=settings.max_bodies_bytes,
    )
    page = MetricsPage(
        metrics.registry,
        StateMetrics(snapshots, balancer, metering.recorder, intake, lambda: runners.rows.waiting),
        BuildMetrics(partial(build_figures, database)),
    )

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        await triton.open()
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_CATALOGUE_SECONDS):
                await feed.try_refresh()
        running = [asyncio.create_task(each.run()) for each in (feed, report)]
        try:
            async with metering.running(), providers.running():
                yield
        finally:
            await dispatcher.close()
            feed.stop()
            report.stop()
            await asyncio.gather(*running)
            await authoring.close()
            await asyncio.gather(runners.close(), triton.close())
            for each in (tokenizers, identity):
                each.close()
            if tracing is not None:
                await tracing.close()

    app = Litestar(
        route_handlers=[
            create_backprop(snapshots),
            *([create_upload_router(authoring.receiver)] if authoring.receiver is not None else ()),
            create_builds(snapshots),
            create_deployments(snapshots),
            opengatellm.create_router(snapshots),
            kserve.create_router(snapshots, intake),
            create_metrics_router(snapshots),
            HealthController,
            openapi_at_the_root,
        ],
        dependencies={
            **provided(
                {
                    "address": PublicAddress(settings.public_url),
                    "balancer": balancer,
                    "engine": engine,
                    "feed": feed,
                    "metering": metering,
                    "metrics_page": page,
                    "snapshots": snapshots,
                    "tensor_inference": TensorInference(
                        snapshots, metering.meter, dispatcher, tokenizers, triton
                    ),
                    "triton": triton,
                }
            ),
            "readiness": Provide(judge),
            **authoring.dependencies(),
            **identity.dependencies(),
            **providers.dependencies(),
            **inference_dependencies(
                Inference(snapshots, metering.meter, dispatcher),
                providers.upstreams,
                runners,
                threads=tokenizers.threads,
                reading=Reading.of(settings.documents, runners.rows, triton, runners.decoder),
                forms=settings.max_forms,
            ),
        },
        exception_handlers=handlers_by_prefix(
            {
                opengatellm.PREFIX: opengatellm_errors.render,
                "/metrics": opengatellm_errors.render,
                kserve.PREFIX: kserve_errors.render,
                "/builds": builds_errors.render,
                "/deployments": builds_errors.render,
            },
            otherwise=backprop_errors.render,
        ),
        lifespan=[lifespan],
        logging_config=None,
        openapi_config=openapi_config(),
        plugins=[StructSchemas(), ModelSchemas()],
        state=State({"snapshots": snapshots}),  # for what has no dependencies, such as bodies
        request_max_body_size=None,  # `Intake` counts, also where no length is announced
    )
    # Around the router, because Litestar's own middleware does not see unknown paths.
    app.asgi_handler = RequestObserver(
        IntakeLayer(
            SlashesLayer(app.asgi_handler), intake, streamed=("/uploads/", "/v1/audio/", "/v1/parse-beta")
        ),
        metrics,
        tracing,
    )
    return app


def _tracing(settings: TracingSettings, gateway_id: str) -> "Tracing | None":
    if not settings.endpoint:
        return None
    from gateway.observability.tracing import Tracing  # noqa: PLC0415  # the extra `tracing`

    return Tracing(settings, gateway_id)
