"""`/v2` and its health: open to everybody, no key, no secrets."""

from importlib.metadata import version

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from gateway.apis.kserve.schemas import Live, Ready, ServerMetadata
from gateway.health import Readiness

EXTENSIONS = ["binary_tensor_data", "model_configuration"]
UNREADY = {503: ResponseSpec(Ready, description="Requests cannot be served.", generate_examples=False)}


class ServerController(Controller):
    """The server itself."""

    tags = ("kserve",)

    @get("/", operation_id="kserve_server", summary="What the server is and offers")
    async def server(self) -> ServerMetadata:
        """Tell name and version of the server, and which extensions of the protocol it speaks."""
        return ServerMetadata(name="trireme", version=version("trireme"), extensions=EXTENSIONS)

    @get("/health/live", operation_id="kserve_live", summary="Liveness probe")
    async def live(self) -> Live:
        """Answer as long as the process runs."""
        return Live()

    @get("/health/ready", operation_id="kserve_ready", summary="Readiness probe", responses=UNREADY)
    async def ready(self, readiness: NamedDependency[Readiness]) -> Response[Ready]:
        """Say whether requests can be served, 503 when not; `/health/ready` gives reasons."""
        return Response(Ready(readiness.able), status_code=200 if readiness.able else 503)
