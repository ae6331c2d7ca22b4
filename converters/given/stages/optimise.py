"""Optimise: the graph as it is, which ONNX Runtime fuses when it opens it, and one with int8 weights."""

import shutil
from pathlib import Path

from converters.messages import Progress
from converters.results import Optimised, Variants
from converters.spec import BuildSpec
from converters.stages.optimise import quantise, variant
from converters.work import Work, each_part
from converters.workspace import Workspace


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Optimised:
    """Write `fp32/`, which has the arithmetic of what was given, and `int8/`."""
    works = each_part(spec, workspace, folder, progress)
    return Optimised(parts={work.part.name: _optimise(work) for work in works})


def _optimise(work: Work) -> Variants:
    work.folder.mkdir()
    fp32 = variant(_copy, work, "fp32")
    work.progress(40, "quantising weights to int8")
    return Variants(fp32=fp32, int8=variant(quantise, work, "int8"))


def _copy(plain: Path, target: Path) -> None:
    shutil.copytree(plain.parent, target.parent, dirs_exist_ok=True)
