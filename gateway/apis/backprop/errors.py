"""The Backprop API's error bodies.

Its published client looks for `message` on every body of a task call, whatever the status. The two routes of
`/models/{model}` alone answer 404 with a bare JSON string.
"""

from http import HTTPStatus

import msgspec

from gateway.errors import Failure


class ErrorBody(msgspec.Struct, frozen=True):
    """What went wrong, for people."""

    message: str


def render(failure: Failure) -> ErrorBody:
    """One sentence, with the hint behind it."""
    message = failure.message
    return ErrorBody(f"{message.removesuffix('.')}: {failure.hint}" if failure.hint else message)


def render_model(failure: Failure) -> ErrorBody | str:
    """As `render`, except that a model that is not there answers with a bare string."""
    return failure.message if failure.status == HTTPStatus.NOT_FOUND else render(failure)
