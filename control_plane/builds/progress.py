"""Progress of a build: events of its stages, gathered between two writes to the database."""

from dataclasses import dataclass, replace

from control_plane.builds.tables import BuildKind
from converters.spec import Stage, StageEvent, StageStatus

PUBLISH = "publish"
LOAD = "load"

_ALL = (*map(str, Stage), PUBLISH, LOAD)

_STAGES = {BuildKind.CONVERT: _ALL, BuildKind.TUNE: _ALL, BuildKind.ACTIVATE: (LOAD,)}


@dataclass(frozen=True, slots=True)
class Progress:
    """State of one stage; see `converters.spec.StageEvent`."""

    stage: str
    status: StageStatus
    percent: float
    message: str
    log: str
    reproduce: str
    seconds: float
    output: str = ""

    @classmethod
    def of(cls, event: StageEvent) -> "Progress":
        """What an event of a conversion says."""
        return cls(
            stage=str(event.stage),
            status=event.status,
            percent=event.percent,
            message=event.message,
            log=event.log,
            reproduce=event.reproduce,
            seconds=event.seconds,
            output=event.output,
        )


def overall_percent(kind: BuildKind, progress: Progress) -> float:
    """0 to 100 over all stages of a build, each counted alike."""
    stages = _STAGES[kind]
    return round((stages.index(progress.stage) * 100 + progress.percent) / len(stages), 1)


class Journal:
    """The newest progress of each stage that has not been written down yet."""

    def __init__(self) -> None:
        self._waiting: dict[str, Progress] = {}

    def put(self, progress: Progress) -> None:
        """Note progress; it replaces what waits of the same stage, whose output it continues."""
        if (earlier := self._waiting.get(progress.stage)) is not None:
            progress = replace(progress, output=earlier.output + progress.output)
        self._waiting[progress.stage] = progress

    def put_back(self, taken: list[Progress]) -> None:
        """Let what could not be written down wait again, unless there is newer."""
        newer, self._waiting = self._waiting, {progress.stage: progress for progress in taken}
        for progress in newer.values():
            self.put(progress)

    def take(self) -> list[Progress]:
        """All that waits, oldest stage first."""
        taken = list(self._waiting.values())
        self._waiting.clear()
        return taken
