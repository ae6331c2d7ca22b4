"""Runs the application on uvicorn, and drains it on SIGTERM or SIGINT."""

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from litestar import Litestar

from gateway.protocol import Protocol
from gateway.settings import GatewaySettings
from model_repository.errors import TriremeError

KEEP_ALIVE_SECONDS = 75
"""Longer than load balancers keep idle connections, so that it is they who close them."""


ALLOCATIONS = 10_000
"""More objects made than freed until the youngest are looked through: the worth of some requests."""


class AddressUnavailableError(TriremeError):
    """The address cannot be listened on."""

    code = "address_unavailable"
    default_hint = "Another process may be using it; choose another port."


class _Server(uvicorn.Server):
    """uvicorn's server, except that it leaves signals to `serve` and tells when it is ready."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _spare_what_stays()
        self._on_ready()

    def stop(self) -> None:
        self.force_exit = self.should_exit  # a second signal does not wait for running requests
        self.should_exit = True


async def serve(
    app: Litestar, settings: GatewaySettings, *, on_ready: Callable[[str], None] | None = None
) -> None:
    """Serve until SIGTERM or SIGINT, then refuse new connections and finish the running requests.

    Args:
        on_ready: called with the base URL once requests are accepted.

    Raises:
        AddressUnavailableError: the address cannot be listened on.

    """
    with _listen(settings.host, settings.port, shared=settings.workers > 1) as listener:
        host, port = listener.getsockname()[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        config = uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=2048,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=settings.drain_timeout,
        )
        server = _Server(config, lambda: on_ready(url) if on_ready else None)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.stop)
        try:
            await server.serve([listener])
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


def _spare_what_stays() -> None:
    """Take all that is there out of the garbage collector's sight.

    Modules, routes and models stay as long as the process does. Looking through them again, which finds
    nothing, would hold up every request for the tenth part of a second now and then. It would be a sixth of
    the start, too: `trireme gateway` begins with the collector off.
    """
    gc.freeze()
    gc.set_threshold(ALLOCATIONS)
    gc.enable()


def _listen(host: str, port: int, *, shared: bool) -> socket.socket:
    """A socket of this process; where several share the address, the kernel spreads connections."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048, reuse_port=shared)
    except OSError as error:
        raise AddressUnavailableError(f"cannot listen on {host}:{port}: {error.strerror}") from error
