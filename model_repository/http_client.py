"""One Triton server over HTTP, for inference alone: small requests come back sooner than over gRPC.

KServe v2 with its binary tensor data extension: tensors travel as they are, behind a head in JSON.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Never, cast

import msgspec
from httptools import HttpParserError, HttpResponseParser

from model_repository.client import Headers
from model_repository.errors import InferenceError, ServerUnavailableError, TriremeError, UnfitInputError
from model_repository.tensors import Array, infer_body, read_body

UNAVAILABLE = {
    404: "the inference server has not loaded the model yet",
    499: "the inference server gave the request up",
    503: "the inference server is not available or has too much to do",
}
"""HTTP statuses after which trying again makes sense."""

IDLE_SECONDS = 30.0
"""How long a connection is kept that nobody uses; networks forget those that are silent for minutes."""

CONNECT_SECONDS = 2.0
"""Until a connection stands; afterwards another way to the server is better."""

EXTENSION = "binary_tensor_data"
"""What a server has to say that it speaks."""

HEAD_LENGTH = b"inference-header-content-length"


class UnreachableError(ServerUnavailableError):
    """No server has seen the request: there is none, or what is there speaks no HTTP."""


class NoTritonError(TriremeError):
    """The address is not that of a Triton's HTTP; the message says why, for operators."""


class HttpClient:
    """Kept connections to one server, as many as it has requests at a time.

    Args:
        address: `host:port`.

    """

    def __init__(self, address: str) -> None:
        self.address = address
        host, _, self._port = address.rpartition(":")
        self._host = host.strip("[]")  # IPv6
        self._idle: list[_Connection] = []

    async def infer(
        self,
        entry: str,
        inputs: Mapping[str, Array],
        outputs: Sequence[str],
        seconds: float,
        headers: Headers = (),
    ) -> dict[str, Array]:
        """Outputs of `entry` by name, read-only.

        Args:
            inputs: by tensor name, batch axis first.
            outputs: those that are wanted.
            seconds: until the request is given up.
            headers: such as `traceparent`.

        Raises:
            UnreachableError: no server has seen it.
            ServerUnavailableError: the model is not loaded, or no answer in time.
            UnfitInputError: the engine finds fault with the values of the input.
            InferenceError: the model failed on this input.

        """
        answer = await self._ask(self._request(entry, inputs, outputs, headers), seconds)
        body = b"".join(answer.parts)
        if answer.status != 200:
            _raise(answer.status, body)
        return read_body(answer.head, body)

    async def name(self, seconds: float) -> str:
        """The own name of the server that answers.

        Args:
            seconds: until it is given up.

        Raises:
            NoTritonError: none answers that can be asked for inference.

        """
        request = f"GET /v2 HTTP/1.1\r\nhost: {self.address}\r\n\r\n".encode()
        try:
            answer = await self._ask(request, seconds)
            server = msgspec.json.decode(b"".join(answer.parts), type=_Server)
        except ServerUnavailableError as error:
            raise NoTritonError(str(error.__cause__) or "no answer in time") from error
        except msgspec.DecodeError as error:
            raise NoTritonError("something else answers there") from error
        if EXTENSION not in server.extensions:
            raise NoTritonError(f"{server.name} does not speak {EXTENSION}")
        return server.name

    def close(self) -> None:
        """End the connections that nobody uses."""
        while self._idle:
            self._idle.pop().abort()

    def _request(
        self, entry: str, inputs: Mapping[str, Array], outputs: Sequence[str], headers: Headers
    ) -> bytes:
        length, body = infer_body(inputs, outputs)
        lines = [
            f"POST /v2/models/{entry}/infer HTTP/1.1",
            f"host: {self.address}",
            f"inference-header-content-length: {length}",
            f"content-length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers),
        ]
        return b"".join(("\r\n".join(lines).encode(), b"\r\n\r\n", body))

    async def _ask(self, request: bytes, seconds: float) -> "_Answer":
        """The answer to a request.

        Raises:
            UnreachableError: no server has seen it.
            ServerUnavailableError: no answer in time, or not all of it.

        """
        try:
            return await self._send(request, asyncio.get_running_loop().time() + seconds)
        except _NoServerError as error:
            raise UnreachableError("the inference server is not available") from error
        except TimeoutError as error:
            raise ServerUnavailableError("the inference server did not answer in time") from error
        except OSError as error:
            raise ServerUnavailableError("the inference server is not available") from error

    async def _send(self, request: bytes, deadline: float) -> "_Answer":
        """Over a connection that is there; where the server has just ended it, over another one."""
        loop = asyncio.get_running_loop()
        while self._idle:
            connection = self._idle.pop()
            if not connection.kept or loop.time() - connection.answered > IDLE_SECONDS:
                connection.abort()
                continue
            try:
                return await self._exchange(connection, request, deadline)
            except ConnectionError:
                if connection.answer.parts:
                    raise
        return await self._exchange(await self._connect(loop, deadline), request, deadline)

    async def _connect(self, loop: asyncio.AbstractEventLoop, deadline: float) -> "_Connection":
        try:
            async with asyncio.timeout_at(min(deadline, loop.time() + CONNECT_SECONDS)):
                _, connection = await loop.create_connection(_Connection, self._host, int(self._port))
        except OSError as error:
            if loop.time() >= deadline:
                raise
            raise _NoServerError(error.strerror or str(error) or "no connection") from error
        return connection

    async def _exchange(self, connection: "_Connection", request: bytes, deadline: float) -> "_Answer":
        answer = await connection.ask(request, deadline)
        if connection.kept:
            self._idle.append(connection)
        return answer


class _NoServerError(ConnectionError):
    """There is no connection, or nothing on its other end that speaks HTTP."""


class _Server(msgspec.Struct):
    """What a server says of itself."""

    name: str
    extensions: list[str]


@dataclass(slots=True)
class _Answer:
    """What has come.

    Attributes:
        head: bytes of the JSON that is followed by tensors; 0 where none are.

    """

    status: int = 0
    head: int = 0
    parts: list[bytes] = field(default_factory=list)


class _Connection(asyncio.Protocol):
    """A connection with one request at a time.

    Attributes:
        answer: to the last request.
        answered: when that was whole, by the clock of the event loop.
        kept: whether another request may follow.

    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = HttpResponseParser(self)
        self._whole: asyncio.Future[None] | None = None
        self.answer = _Answer()
        self.answered = 0.0
        self.kept = False

    async def ask(self, request: bytes, deadline: float) -> _Answer:
        """The answer to a request.

        Args:
            request: as it is sent.
            deadline: by the clock of the event loop.

        Raises:
            ConnectionError: the connection ended before.
            TimeoutError: the answer is not there in time.

        """
        self.answer, self.kept = _Answer(), False
        self._whole = self._loop.create_future()
        self._transport.write(request)
        expiry = self._loop.call_at(deadline, self._fail, TimeoutError())
        try:
            await self._whole
        except asyncio.CancelledError:
            self.abort()  # the server need not finish it
            raise
        finally:
            expiry.cancel()
        return self.answer

    def abort(self) -> None:
        """End the connection, whatever it does."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read a part of an answer."""
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self._fail(_NoServerError(f"this is no HTTP: {error}"))

    def connection_lost(self, error: Exception | None) -> None:
        """Tell who waits for an answer."""
        self.kept = False
        self._fail(ConnectionResetError(f"the connection ended: {error or 'by the server'}"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take note of where tensors begin."""
        if name.lower() == HEAD_LENGTH:
            self.answer.head = int(value)

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body."""
        self.answer.parts.append(part)

    def on_message_complete(self) -> None:
        """Hand the answer over."""
        self.answer.status = self._parser.get_status_code()
        self.answered = self._loop.time()
        self.kept = self._parser.should_keep_alive()
        if self._whole is not None and not self._whole.done():
            self._whole.set_result(None)

    def _fail(self, error: Exception) -> None:
        if self._whole is not None and not self._whole.done():
            self._whole.set_exception(error)
        self.abort()


def _raise(status: int, body: bytes) -> Never:
    """Tell the caller in words that are safe to show; Triton's own stay in `__cause__`."""
    cause = ConnectionError(f"HTTP {status}: {body[:1000].decode(errors='replace')}")
    message = UNAVAILABLE.get(status)
    if message is not None:
        raise ServerUnavailableError(message) from cause
    raise (UnfitInputError if status == 400 else InferenceError)("the model failed on this input") from cause
