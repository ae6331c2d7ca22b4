"""What a machine offers to TensorRT plans, and why a plan may not be scheduled on it."""

import re
from typing import NamedTuple, Self

from model_repository.errors import RepositoryError, TriremeError
from model_repository.manifest import Engine, EngineSpec

FLAVOURS = (Engine.TENSORRT, Engine.TENSORRT_RTX)
"""TensorRT of data-centre GPUs, and TensorRT-RTX, which also builds without a GPU; the first is preferred."""

_TARGET = re.compile(r"sm[1-9][0-9]{1,2}")


class InvalidTargetError(TriremeError):
    """A compute capability or a node is not written as it should be."""

    status = 400
    code = "invalid_target"


class MisfitError(RepositoryError):
    """An engine was built for other nodes than those that are to run it."""

    status = 409
    code = "engine_misfit"
    default_hint = "Build it again for these: `trireme models rebuild NAME`."


class Node(NamedTuple):
    """A GPU host; `str()` writes it as it is read.

    Attributes:
        engine: the flavour of TensorRT on it.
        version: of that flavour, in full.
        compute_capability: of its GPU, such as `sm89`.

    """

    engine: Engine
    version: str
    compute_capability: str

    def __str__(self) -> str:
        return ":".join(self)

    @classmethod
    def parse(cls, text: str) -> Self:
        """A node written as `tensorrt_rtx:1.7.1.116:sm89`.

        Raises:
            InvalidTargetError: it is written otherwise.

        """
        match text.split(":"):
            case [Engine.TENSORRT | Engine.TENSORRT_RTX as flavour, version, capability] if version:
                return cls(Engine(flavour), version, check_target(capability))
        raise InvalidTargetError(
            f"{text!r} is no TensorRT node", hint="Write FLAVOUR:VERSION:TARGET, as tensorrt:10.13.3.9:sm90."
        )


def check_target(text: str) -> str:
    """The text, when it is a compute capability.

    Raises:
        InvalidTargetError: it is none.

    """
    if not _TARGET.fullmatch(text):
        raise InvalidTargetError(
            f"{text!r} is no compute capability", hint="Write it as sm89: sm, major and minor number."
        )
    return text


def misfit(engine: EngineSpec, node: Node | None) -> str | None:
    """Why the engine cannot run on a node, or None when it can; engines without a plan run anywhere."""
    plan = engine.plan
    if plan is None:
        return None
    built = Node(engine.engine, plan.version, plan.compute_capability)
    if node is None:
        return f"it was built for {built}, and there is no GPU with TensorRT"
    if node != built:
        return f"it was built for {built}, and the node is {node}"
    return None
