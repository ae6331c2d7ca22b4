"""A build's folder: its spec, a folder and a log for each stage, and the results that it resumes from."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from converters.results import RESULT_TYPES, Result
from converters.spec import BuildSpec, ConversionError, Stage

R = TypeVar("R", bound=Result)


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """A finished stage on disk.

    Attributes:
        seconds: how long the stage took.
        files: size in bytes of every file that the stage left, by path relative to its folder.
        result: the stage's own result, still encoded.

    """

    seconds: float
    files: dict[str, int]
    result: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths and saved state of one build.

    A stage counts as finished when its result is saved and every file that it left still has its size: the
    result is written last and atomically, so a kill at any moment leaves the stage finished or not begun.
    """

    root: Path

    def folder(self, stage: Stage) -> Path:
        """Where the stage writes its files; the last stage writes `entry/`, which is what a build is for."""
        return self.root / "entry" if stage is Stage.PACKAGE else self.root / "stages" / stage

    @property
    def scratch(self) -> Path:
        """Temporary files of the stage that runs."""
        return self.root / "scratch"

    def log(self, stage: Stage) -> Path:
        """Output of the stage's process."""
        return self.root / "logs" / f"{stage}.log"

    def spec(self) -> BuildSpec:
        """The build that this workspace belongs to.

        Raises:
            ConversionError: there is none, so this folder is no workspace.

        """
        try:
            return msgspec.json.decode(self._spec_file.read_bytes(), type=BuildSpec)
        except (OSError, msgspec.MsgspecError) as error:
            raise ConversionError(
                "the folder is no workspace of a build", hint="Give the folder that holds spec.json."
            ) from error

    def prepare(self, spec: BuildSpec) -> None:
        """Write the spec, and drop results that were made from another one (limits aside)."""
        if not self._spec_file.is_file() or _identity(self.spec()) != _identity(spec):
            self.forget(tuple(Stage))
        write_atomic(self._spec_file, msgspec.json.format(msgspec.json.encode(spec), indent=2))

    def begin(self, stage: Stage) -> None:
        """Remove the stage's files and all that was made from them, and give it an empty folder."""
        stages = tuple(Stage)
        stale = stages[stages.index(stage) :]
        self.forget(stale)
        for one in stale:
            self.discard(one)
        self.folder(stage).mkdir(parents=True)
        self.log(stage).parent.mkdir(parents=True, exist_ok=True)

    def discard(self, stage: Stage) -> None:
        """Remove the stage's files; without all of them it has to be run again anyway."""
        shutil.rmtree(self.folder(stage), ignore_errors=True)

    def forget(self, stages: tuple[Stage, ...]) -> None:
        """Drop the saved results of these stages."""
        for stage in stages:
            self._result_file(stage).unlink(missing_ok=True)

    def save(self, stage: Stage, result: Result, seconds: float) -> None:
        """Mark the stage finished."""
        folder = self.folder(stage)
        files = {
            str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()
        }
        saved = Saved(seconds=seconds, files=files, result=msgspec.Raw(msgspec.json.encode(result)))
        write_atomic(self._result_file(stage), msgspec.json.encode(saved))

    def finished(self, stage: Stage) -> Saved | None:
        """The stage's saved state if it is present and complete, else None."""
        try:
            saved = msgspec.json.decode(self._result_file(stage).read_bytes(), type=Saved)
            msgspec.json.decode(saved.result, type=RESULT_TYPES[stage])
            whole = all(
                (self.folder(stage) / name).stat().st_size == size for name, size in saved.files.items()
            )
        except (OSError, msgspec.MsgspecError):
            return None
        return saved if whole else None

    def result(self, stage: Stage, kind: type[R]) -> R:
        """Result of an earlier stage.

        Raises:
            ConversionError: that stage has not been run.

        """
        saved = self.finished(stage)
        if saved is None:
            raise ConversionError(f"the stage {stage} has not been run", hint=f"Run the stage {stage} first.")
        return msgspec.json.decode(saved.result, type=kind)

    @property
    def _spec_file(self) -> Path:
        return self.root / "spec.json"

    def _result_file(self, stage: Stage) -> Path:
        return self.root / "results" / f"{stage}.json"


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees all of it or the one before, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _identity(spec: BuildSpec) -> BuildSpec:
    unimportant = {"build_id": "", "archive": "", "memory_bytes": 0, "stage_seconds": 0.0, "resources": {}}
    return msgspec.structs.replace(spec, **unimportant)
