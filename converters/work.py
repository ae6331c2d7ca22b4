"""A stage's work on one part of a model: what it knows, and where its files lie."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from converters.messages import Progress
from converters.results import Inspected, Part
from converters.spec import BuildSpec, Stage
from converters.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Work:
    """One part in one stage.

    Attributes:
        folder: where this stage writes the files of this part; the stage makes it.
        progress: takes 0 to 100 within this part.

    """

    spec: BuildSpec
    facts: Inspected
    part: Part
    workspace: Workspace
    folder: Path
    progress: Progress

    def of(self, stage: Stage) -> Path:
        """Where an earlier stage wrote its files of this part."""
        return self.workspace.folder(stage) / self.part.folder

    @property
    def source(self) -> Path:
        """The fetched files."""
        return self.workspace.folder(Stage.FETCH)

    @property
    def tokenizer(self) -> Path:
        """The part's tokenizer as it is published."""
        return self.of(Stage.INSPECT) / "tokenizer.json"


def each_part(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Iterator[Work]:
    """The work on every part, one after the other, each with its own folder and its share of the progress."""
    facts = workspace.result(Stage.INSPECT, Inspected)
    for number, part in enumerate(facts.parts):
        share = _Share(progress, number, len(facts.parts), part.name)
        yield Work(spec, facts, part, workspace, folder / part.folder, share)


@dataclass(frozen=True, slots=True)
class _Share:
    """Maps one part's percent to the stage's, and says which part it is."""

    progress: Progress
    number: int
    parts: int
    name: str

    def __call__(self, percent: float, message: str, /) -> None:
        whole = (100 * self.number + percent) / self.parts
        self.progress(whole, f"{self.name}: {message}" if self.name else message)
