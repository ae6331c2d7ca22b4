"""What may be added: the syntax of names, aliases and sources."""

import re

from control_plane.errors import InvalidRequestError
from control_plane.models.schemas import NewModel

_NAME = re.compile(r"[a-z0-9_-]{3,100}")
_SOURCE = re.compile(
    r"hf:[\w.-]+(/[\w.-]+)?(@[\w./-]+)?"
    r"|file:.+"
    r"|wheel:[\w.-]+==[\w.!+-]+(#[^#]+)?"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


def check(new: NewModel) -> None:
    """Refuse what can never be built.

    Raises:
        InvalidRequestError: with the field and what it should look like.

    """
    if not _NAME.fullmatch(new.name):
        raise InvalidRequestError(
            f"model name {new.name!r} is not possible", hint="3 to 100 of a-z, 0-9, - and _."
        )
    if not _SOURCE.fullmatch(new.source):
        raise InvalidRequestError(
            f"source {new.source!r} is not understood",
            hint="Use hf:ORG/NAME@REVISION, file:PATH or wheel:PACKAGE==VERSION#PATH/INSIDE.",
        )
    if new.sha256 is not None and not _SHA256.fullmatch(new.sha256):
        raise InvalidRequestError("sha256 must be 64 lower-case hexadecimal digits")
    if new.aliases and (new.owner is not None or new.task is None):
        raise InvalidRequestError("only built-in models with a task have aliases")
    if any(not _NAME.fullmatch(alias) for alias in new.aliases):
        raise InvalidRequestError(f"an alias is not possible: {', '.join(new.aliases)}")
