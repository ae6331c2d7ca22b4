"""What a TensorRT plan was built from and for: the only GPU and TensorRT version that can run it."""

from model_repository.heads import Struct


class ShapeRange(Struct, frozen=True, kw_only=True):
    """Shapes of one input that a plan takes, batch axis first: smallest, best and largest."""

    min: tuple[int, ...]
    opt: tuple[int, ...]
    max: tuple[int, ...]


class PlanSpec(Struct, frozen=True, kw_only=True):
    """What a plan is tied to.

    Attributes:
        key: hexadecimal digest of the typed graph and of all below; two builds of the same key are one.
        version: of TensorRT; another one does not read the plan.
        compute_capability: of the GPU, such as `sm89`.
        profile: by input.
        stripped: the plan holds no weights; they are filled in from the graph beside it when it is opened.

    """

    key: str
    version: str
    compute_capability: str
    profile: dict[str, ShapeRange]
    stripped: bool = False
