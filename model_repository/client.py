"""One Triton server over gRPC: what the rollout, the reconciler and the gateway's hot path need of it."""

import asyncio
from collections.abc import AsyncGenerator
from enum import StrEnum
from typing import Never

import grpc
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub

from model_repository import layout
from model_repository.errors import (
    InferenceError,
    RefusedInputError,
    RepositoryError,
    ServerUnavailableError,
    UnfitInputError,
)
from model_repository.tensors import infer_request, read_outputs

__all__ = ["EntryState", "Headers", "LoadError", "TritonClient", "infer_request", "read_outputs"]

CHANNEL_OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),  # one connection a client: a closed client leaves nothing behind
    ("grpc.initial_reconnect_backoff_ms", 100),  # a server that restarted is found again at once,
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),  # not after gRPC's usual two minutes
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)

UNAVAILABLE = {
    grpc.StatusCode.UNAVAILABLE: "the inference server is not available or has not loaded the model yet",
    grpc.StatusCode.NOT_FOUND: "the inference server has not loaded the model yet",
    grpc.StatusCode.DEADLINE_EXCEEDED: "the inference server did not answer in time",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "the inference server is overloaded",
    grpc.StatusCode.CANCELLED: "the inference server gave the request up",
}
"""gRPC statuses after which trying again makes sense."""

SERVICE = "/inference.GRPCInferenceService"
"""KServe v2's; its requests for answers come here as bytes, so the generated calls do not fit."""

Headers = tuple[tuple[str, str], ...]
"""gRPC metadata: lower-case names and values."""

POLL_SECONDS = 0.05
READY_SECONDS = 5.0
CONTROL_SECONDS = 60.0
LOAD_SECONDS = 600.0


class EntryState(StrEnum):
    """What Triton says about an entry of its repository."""

    UNKNOWN = ""
    LOADING = "LOADING"
    READY = "READY"
    UNLOADING = "UNLOADING"
    UNAVAILABLE = "UNAVAILABLE"


class LoadError(RepositoryError):
    """Triton refused to load an entry; the message holds its reason."""

    code = "load_failed"


class TritonClient:
    """Connection to one server. Make it inside a running event loop, and close it there."""

    def __init__(self, url: str) -> None:
        """Prepare a connection to `host:port`; it is opened by the first call."""
        self.url = url
        self._channel = grpc.aio.insecure_channel(url, options=CHANNEL_OPTIONS)
        self._stub = GRPCInferenceServiceStub(self._channel)
        self._infer = self._channel.unary_unary(
            f"{SERVICE}/ModelInfer", response_deserializer=pb.ModelInferResponse.FromString
        )
        self._stream = self._channel.stream_stream(
            f"{SERVICE}/ModelStreamInfer", response_deserializer=pb.ModelStreamInferResponse.FromString
        )

    async def close(self) -> None:
        """End the connection; calls that are still running fail as unavailable."""
        await self._channel.close()

    async def infer(
        self,
        request: bytes,
        timeout: float,  # noqa: ASYNC109  # a deadline that the server is told, too
        headers: Headers = (),
    ) -> pb.ModelInferResponse:
        """Answer of one request.

        Args:
            request: as `infer_request` makes it.
            timeout: seconds until Triton drops it.
            headers: gRPC metadata, such as `traceparent`.

        Raises:
            ServerUnavailableError: no server, the model is not loaded, or no answer in time.
            UnfitInputError: the engine finds fault with the values of the input.
            InferenceError: the model failed on this input.

        """
        try:
            return await self._infer(request, timeout=timeout, metadata=headers)
        except grpc.aio.AioRpcError as error:
            _raise(error)

    async def stream(
        self,
        request: bytes,
        timeout: float,  # noqa: ASYNC109  # a deadline that the server is told, too
        headers: Headers = (),
    ) -> AsyncGenerator[pb.ModelInferResponse, None]:
        """Responses of one request to a model that answers with several; leaving early cancels the request.

        Args:
            request: as for `infer`.
            timeout: seconds until Triton drops it, all responses included.
            headers: as for `infer`.

        Raises:
            ServerUnavailableError: no server, the model is not loaded or takes no more, or not done in time.
            RefusedInputError: the model refuses this input; the message is its own.
            InferenceError: the model failed.

        """
        # Without the header a failure would be told by a text alone.
        call = self._stream(timeout=timeout, metadata=(("triton_grpc_error", "true"), *headers))
        try:
            await call.write(request)
            await call.done_writing()
            async for response in call:
                if response.error_message:  # a text alone, for all the header: no model has seen it
                    raise ServerUnavailableError(UNAVAILABLE[grpc.StatusCode.NOT_FOUND])
                yield response.infer_response
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
                raise RefusedInputError(reason(error)) from error
            _raise(error)
        finally:
            call.cancel()

    async def server_ready(self) -> bool:
        """Whether the server takes requests now."""
        try:
            response = await self._stub.ServerReady(pb.ServerReadyRequest(), timeout=READY_SECONDS)
        except grpc.aio.AioRpcError:
            return False
        return bool(response.ready)

    async def wait_ready(
        self,
        timeout: float,  # noqa: ASYNC109  # reads better than a block around each call
        *,
        name: str | None = None,
    ) -> None:
        """Wait until the server takes requests.

        Args:
            timeout: seconds.
            name: the server's own name (its `--id`), to wait for that one and no other on the same port.

        Raises:
            ServerUnavailableError: it does not in time.

        """
        try:
            async with asyncio.timeout(timeout):
                await self._channel.channel_ready()
                while not (  # noqa: ASYNC110  # no server tells when it will be ready
                    await self.server_ready() and name in (None, await self.name())
                ):
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError as error:
            raise ServerUnavailableError(f"Triton was not ready within {timeout:g} s") from error

    async def load(self, entry: str) -> None:
        """Load an entry, or load it anew; returns when it takes requests.

        Raises:
            LoadError: Triton refused it.
            ServerUnavailableError: there is no server.

        """
        try:
            await self._stub.RepositoryModelLoad(
                pb.RepositoryModelLoadRequest(model_name=entry), timeout=LOAD_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                _raise(error)
            raise LoadError(f"Triton cannot load {entry}: {reason(error)}") from error

    async def unload(self, entry: str) -> None:
        """Ask for an entry to be unloaded; it is gone when `index` says so, after its requests have finished.

        Raises:
            ServerUnavailableError: there is no server.

        """
        try:
            await self._stub.RepositoryModelUnload(
                pb.RepositoryModelUnloadRequest(model_name=entry), timeout=CONTROL_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            _raise(error)

    async def index(self) -> dict[str, EntryState]:
        """State of every entry that the server sees in its repository; other models are left out.

        Raises:
            ServerUnavailableError: there is no server.

        """
        try:
            response = await self._stub.RepositoryIndex(pb.RepositoryIndexRequest(), timeout=CONTROL_SECONDS)
        except grpc.aio.AioRpcError as error:
            _raise(error)
        return {
            model.name: EntryState(model.state) for model in response.models if layout.is_entry(model.name)
        }

    async def name(self) -> str:
        """The server's own name, empty where it does not answer."""
        try:
            response = await self._stub.ServerMetadata(pb.ServerMetadataRequest(), timeout=READY_SECONDS)
        except grpc.aio.AioRpcError:
            return ""
        return str(response.name)


def _raise(error: grpc.aio.AioRpcError) -> Never:
    """Tell the caller in words that are safe to show; Triton's own stay in `__cause__`."""
    message = UNAVAILABLE.get(error.code())
    if message is not None:
        raise ServerUnavailableError(message) from error
    unfit = error.code() is grpc.StatusCode.INVALID_ARGUMENT
    raise (UnfitInputError if unfit else InferenceError)("the model failed on this input") from error


def reason(error: BaseException | None) -> str:
    """First line of Triton's own words, for those who build and operate models; callers must not see them."""
    details = error.details() if isinstance(error, grpc.aio.AioRpcError) else None
    return next(iter((details or "no reason given").strip().splitlines()))
