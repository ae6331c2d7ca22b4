"""`/builds/{id}/log`: a build's log while it is written, as server-sent events."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import HeaderParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from control_plane.builds.logs import BuildLogs
from control_plane.builds.service import BuildService
from control_plane.catalog import Key
from control_plane.errors import BuildNotFoundError
from gateway.apis.builds.access import visible_owner
from gateway.apis.builds.builds import COMMON, LARGEST_ID, BuildId
from gateway.apis.builds.errors import Problem
from gateway.apis.builds.examples import LOG
from gateway.catalog_feed import CatalogFeed
from gateway.errors import documented
from gateway.serving.errors import OverloadedError

POLL_SECONDS = 0.5
SILENCE_SECONDS = 15.0
"""After which a comment is sent, so that nothing on the way takes the connection for dead."""

STREAM = ResponseSpec(
    str,
    media_type="text/event-stream",
    generate_examples=False,
    description=(
        "Events `log` with an id and `{stage, text}`, and in the end one `end` with `{status, message}`. "
        "Send the last id as `Last-Event-ID` to go on behind it."
    ),
    examples=[Example(summary="a log", value=LOG)],
)


class LogFollowers:
    """How many clients follow logs through this gateway.

    Args:
        most: one more is refused.

    """

    def __init__(self, most: int) -> None:
        self.count = 0
        self._most = most

    def check(self) -> None:
        """Refuse one more where there are too many.

        Raises:
            OverloadedError: there are.

        """
        if self.count >= self._most:
            raise OverloadedError("too many clients follow logs")

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count a client until the block ends."""
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1


class LogController(Controller):
    """Logs as they grow."""

    tags = ("builds",)

    @get(
        "/builds/{build_id:str}/log",
        operation_id="follow_build_log",
        summary="Follow the log of a build",
        responses={200: STREAM, **documented(Problem, *COMMON, BuildNotFoundError, OverloadedError)},
    )
    async def follow(
        self,
        request: Request[Key, Key, Any],
        *,
        build_service: NamedDependency[BuildService],
        build_logs: NamedDependency[BuildLogs],
        log_followers: NamedDependency[LogFollowers],
        feed: NamedDependency[CatalogFeed],
        build_id: BuildId,
        last_event_id: Annotated[
            int,
            HeaderParameter(name="Last-Event-ID", ge=0, le=LARGEST_ID, description="Go on behind this one."),
        ] = 0,
    ) -> ServerSentEvent:
        """Send what the build has written and what it writes from now on, until it ends."""
        owner_id = visible_owner(request.auth)
        await build_service.get(build_id, owner_id=owner_id)
        log_followers.check()

        async def events() -> AsyncGenerator[ServerSentEventMessage, None]:
            with log_followers.one():
                async for message in _log(build_logs, build_id, last_event_id):
                    yield message
                build = await build_service.get(build_id, owner_id=owner_id)
                await feed.try_refresh()
                end = {"status": build.status, "message": build.message}
                yield ServerSentEventMessage(event="end", data=_json(end))

        return ServerSentEvent(events())


async def _log(logs: BuildLogs, build_id: int, position: int) -> AsyncGenerator[ServerSentEventMessage, None]:
    sent = monotonic()
    ended = False
    while not ended:
        pieces, ended = await logs.after(build_id, position)
        for piece in pieces:
            data = _json({"stage": piece.stage, "text": piece.text})
            yield ServerSentEventMessage(event="log", id=piece.id, data=data)
            position, sent = piece.id, monotonic()
        if not pieces and not ended:
            if monotonic() - sent > SILENCE_SECONDS:
                yield ServerSentEventMessage(comment="still building")
                sent = monotonic()
            await asyncio.sleep(POLL_SECONDS)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
