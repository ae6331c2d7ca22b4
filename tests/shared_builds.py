"""Conversions that all tests of a run share, whichever worker of pytest they are in."""

import fcntl
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from converters.results import Packaged
from converters.spec import BuildSpec, Stage
from converters.stage import execute
from converters.workspace import Workspace

# Thousands of lines an export, which pytest would format and keep.
logging.getLogger("torch.__trace").propagate = False


@dataclass(frozen=True)
class SharedBuilds:
    """A folder of sources and workspaces; others read what is in there, so it must be copied to be changed.

    Attributes:
        root: the folder, which all workers have in common.

    """

    root: Path

    @classmethod
    def of(cls, factory: pytest.TempPathFactory) -> "SharedBuilds":
        base = factory.getbasetemp()
        root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared-builds"
        root.mkdir(exist_ok=True)
        return cls(root)

    @contextmanager
    def alone(self, name: str) -> Iterator[Path]:
        """A folder of that name which nobody else works in during the block; the first finds no folder."""
        with (self.root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.root / name


def convert(spec: BuildSpec, folder: Path) -> tuple[Path, ...]:
    """Entries of a build, all of whose stages run in this process: that is quicker than a process for each.

    Stages that have been finished in that workspace before are not run again.
    """
    workspace = Workspace(folder)
    workspace.prepare(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporters' own
        for stage in Stage:
            if workspace.finished(stage) is None:
                execute(stage, workspace, lambda percent, message: None)
    return tuple(
        workspace.folder(Stage.PACKAGE) / entry for entry in workspace.result(Stage.PACKAGE, Packaged).entries
    )
