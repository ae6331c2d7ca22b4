"""The flavours of TensorRT on this machine, and the GPU that is in it."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from converters.spec import ConversionError
from model_repository.manifest import Engine
from model_repository.nodes import FLAVOURS, Node


def installed(engine: Engine) -> bool:
    """Whether a flavour can be imported."""
    return find_spec(engine) is not None


def flavour(wanted: Engine | None) -> Engine:
    """The flavour that is asked for, or else the first that is installed.

    Raises:
        ConversionError: it, or any, is not installed.

    """
    for engine in FLAVOURS if wanted is None else (wanted,):
        if installed(engine):
            return engine
    raise ConversionError(
        f"{wanted or 'TensorRT'} is not installed",
        hint="pip install 'trireme[tensorrt]' brings TensorRT-RTX, which builds also without a GPU.",
    )


def module(engine: Engine) -> Any:
    """The flavour's module; both have the same interface."""
    return import_module(engine)


def version(engine: Engine) -> str:
    """Of an installed flavour, in full."""
    text: str = module(engine).__version__
    return text


@cache
def compute_capability() -> str | None:
    """Of the first GPU, or None where there is none that CUDA can use."""
    if not find_spec("cuda"):
        return None
    try:
        device = import_module("model_repository.backends.device")
        capability: str = device.compute_capability()
    except (ImportError, RuntimeError):
        return None
    return capability


def here(engine: Engine) -> Node | None:
    """This machine as a node of a flavour, or None without a GPU."""
    capability = compute_capability()
    return Node(engine, version(engine), capability) if capability else None
