"""Heads of models whose authors define inputs and outputs themselves."""

from model_repository.heads.struct import Struct


class CustomHead(Struct, frozen=True, kw_only=True, tag="custom"):
    """The fields of a request in, a bare result out, by the author's own code; see `model_repository.custom`.

    Attributes:
        load_seconds: longest that a call may wait for a model that has to be loaded again.
        call_seconds: longest that it then takes.

    """

    load_seconds: float
    call_seconds: float


class TensorHead(Struct, frozen=True, kw_only=True, tag="tensors"):
    """Plain numbers in and out, as the manifest describes the tensors; what they mean is not known.

    Attributes:
        outputs: names, in the order in which callers get them.

    """

    outputs: tuple[str, ...]
