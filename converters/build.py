"""A whole conversion: source in, verified repository entry out."""

import time
from pathlib import Path

import structlog

from converters.causes import files_may_fail
from converters.child import reproduce_command, run_stage
from converters.results import Packaged
from converters.spec import (
    BuildSpec,
    Cancelled,
    ConversionError,
    Report,
    Stage,
    StageEvent,
    StageStatus,
)
from converters.workspace import Workspace

logger = structlog.get_logger(__name__)


def run_build(spec: BuildSpec, workspace: Path, report: Report, cancelled: Cancelled) -> list[Path]:
    """Convert a model; blocks until it is done.

    Stages that an earlier run of the same build finished are not run again, so a killed build goes on where
    it was. One process at a time may run a build in a workspace.

    Args:
        workspace: the build's own folder; made if it does not exist.

    Returns:
        Folders of the finished entries, inside the workspace; more than one for a version of several graphs.

    Raises:
        ConversionError: the build cannot go on; says why and what to do.
        BuildCancelledError: `cancelled` answered true.

    """
    place = Workspace(workspace.resolve())
    with files_may_fail():
        place.prepare(spec)
    for stage in Stage:
        _Run(spec, stage, place, report).go(cancelled)
    return [place.folder(Stage.PACKAGE) / entry for entry in place.result(Stage.PACKAGE, Packaged).entries]


class _Run:
    """One stage of one build, and the events that tell of it."""

    def __init__(self, spec: BuildSpec, stage: Stage, workspace: Workspace, report: Report) -> None:
        self._spec = spec
        self._stage = stage
        self._workspace = workspace
        self._report = report
        self._started = time.monotonic()
        self._percent, self._doing = 0.0, ""
        self._log = logger.bind(build=spec.build_id, stage=str(stage))

    def go(self, cancelled: Cancelled) -> None:
        saved = self._workspace.finished(self._stage)
        if saved is not None:
            self._tell(StageStatus.SUCCEEDED, 100, "kept from an earlier run", seconds=saved.seconds)
            return
        self._advance(0, "starting")
        try:
            # Emptied here already: results of later stages must not outlive the start of this one.
            with files_may_fail():
                self._workspace.begin(self._stage)
            run_stage(
                self._spec,
                self._stage,
                self._workspace,
                progress=self._advance,
                output=self._pass_on,
                cancelled=cancelled,
            )
        except ConversionError as error:
            # They may be what fills the disk on which the database has to write down that the build failed.
            self._workspace.discard(self._stage)
            self._log.warning("stage failed", cause=error.message)
            self._tell(StageStatus.FAILED, self._percent, error.message, hint=error.hint)
            raise
        self._log.info("stage done", seconds=round(time.monotonic() - self._started, 2))
        self._tell(StageStatus.SUCCEEDED, 100, "done")

    def _advance(self, percent: float, message: str) -> None:
        self._percent, self._doing = percent, message
        self._tell(StageStatus.RUNNING, percent, message)

    def _pass_on(self, text: str) -> None:
        self._tell(StageStatus.RUNNING, self._percent, self._doing, output=text)

    def _tell(
        self,
        status: StageStatus,
        percent: float,
        message: str,
        *,
        hint: str = "",
        output: str = "",
        seconds: float | None = None,
    ) -> None:
        self._report(
            StageEvent(
                build_id=self._spec.build_id,
                stage=self._stage,
                status=status,
                percent=percent,
                message=message,
                hint=hint,
                log=str(self._workspace.log(self._stage)),
                output=output,
                reproduce=reproduce_command(self._stage, self._workspace.root),
                seconds=time.monotonic() - self._started if seconds is None else seconds,
            )
        )
