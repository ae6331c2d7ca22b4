"""The files in which sentence-transformers describes a model's own pipeline."""

import re
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from converters.inspection.files import read_json
from converters.inspection.weights import check_weights
from converters.spec import ConversionError
from converters.zips.names import what_is_wrong
from model_repository.heads import Pooling

_FLAG = re.compile(r"pooling_mode_(?P<mode>\w+?)(_tokens?)?")
"""The older form of `1_Pooling/config.json` has one flag a mode, the newer one names the mode."""

_KINDS = ("Transformer", "Pooling", "Dense", "Normalize")
_ORDER = re.compile(r"Transformer Pooling( Dense)*( Normalize)?")


class Activation(StrEnum):
    """What follows a dense layer; the end of the class name by which the pipeline calls it."""

    TANH = "Tanh"
    IDENTITY = "Identity"


class Dense(msgspec.Struct, frozen=True, kw_only=True):
    """A layer on the pooled vector.

    Attributes:
        path: folder of its weights, relative to the source.

    """

    path: str
    in_features: int
    out_features: int
    bias: bool
    activation: Activation


class Pipeline(msgspec.Struct, frozen=True, kw_only=True):
    """From tokens to one vector.

    Attributes:
        root: folder of the transformer, relative to the source.
        dense: layers between pooling and normalisation.
        max_length: tokens that the pipeline takes, or None where it does not say.
        lowercase: the pipeline lowers the text before the tokenizer sees it.

    """

    root: str = ""
    pooling: Pooling = Pooling.MEAN
    dense: tuple[Dense, ...] = ()
    normalise: bool = False
    max_length: int | None = None
    lowercase: bool = False


class _Module(msgspec.Struct):
    path: str
    type: str

    @property
    def kind(self) -> str:
        return self.type.rpartition(".")[2]


class _DenseConfig(msgspec.Struct):
    in_features: int
    out_features: int
    bias: bool = True
    activation_function: str = "torch.nn.modules.activation.Tanh"


class _SentenceConfig(msgspec.Struct):
    max_seq_length: int | None = None
    do_lower_case: bool = False


def read_pipeline(source: Path) -> Pipeline | None:
    """The model's own pipeline, or None for a plain encoder.

    Raises:
        ConversionError: the pipeline has a step that is not converted, or its files are damaged.

    """
    if not (source / "modules.json").is_file():
        return None
    modules = read_json(source / "modules.json", list[_Module])
    for module in modules:
        _check_place(module.path)
    kinds = [module.kind for module in modules]
    if not _ORDER.fullmatch(" ".join(kinds)):
        odd = [kind for kind in kinds if kind not in _KINDS]
        raise ConversionError(
            f"the pipeline's step {odd[0]} is not converted"
            if odd
            else f"the pipeline's order {' - '.join(kinds)} is not converted",
            hint="Convert a model whose modules.json has Transformer, Pooling and perhaps Dense, Normalize.",
        )
    _refuse_prompt(source)
    root = modules[0].path
    settings = source / root / "sentence_bert_config.json"
    config = read_json(settings, _SentenceConfig) if settings.is_file() else _SentenceConfig()
    return Pipeline(
        root=root,
        pooling=_pooling(source / modules[1].path / "config.json"),
        dense=tuple(_dense(source, module.path) for module in modules if module.kind == "Dense"),
        normalise=kinds[-1] == "Normalize",
        max_length=config.max_seq_length,
        lowercase=config.do_lower_case,
    )


def _check_place(path: str) -> None:
    place = PurePosixPath(path).as_posix()
    if place != "." and (problem := what_is_wrong(place)) is not None:
        raise ConversionError(
            f"modules.json names {path[:200]!r}, which {problem}",
            hint="Name folders inside of the model, such as 1_Pooling.",
        )


def _pooling(path: Path) -> Pooling:
    config = read_json(path, dict[str, Any])
    flags = [_FLAG.fullmatch(key) for key, value in config.items() if value is True]
    modes = [config["pooling_mode"]] if "pooling_mode" in config else [flag["mode"] for flag in flags if flag]
    if len(modes) != 1 or modes[0] not in list(Pooling):
        raise ConversionError(
            f"the pooling {' + '.join(map(str, modes)) or 'none'} is not converted",
            hint="Mean, cls and max pooling are, one at a time.",
        )
    return Pooling(modes[0])


def _dense(source: Path, path: str) -> Dense:
    config = read_json(source / path / "config.json", _DenseConfig)
    name = config.activation_function.rpartition(".")[2]
    if name not in list(Activation):
        raise ConversionError(
            f"the activation {name} of the pipeline's dense layer is not converted",
            hint=f"{' and '.join(Activation)} are.",
        )
    check_weights(source / path)
    return Dense(
        path=path,
        in_features=config.in_features,
        out_features=config.out_features,
        bias=config.bias,
        activation=Activation(name),
    )


def _refuse_prompt(source: Path) -> None:
    path = source / "config_sentence_transformers.json"
    name = read_json(path, dict[str, Any]).get("default_prompt_name") if path.is_file() else None
    if name is not None:
        raise ConversionError(
            f"the pipeline puts the prompt {name!r} before every text, which is not converted",
            hint="Set default_prompt_name to null, and have callers send the prompt.",
        )
