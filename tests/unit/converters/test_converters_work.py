"""The parts of a model, and the share of a stage that each takes."""

from pathlib import Path

from converters.results import Inspected, Part
from converters.spec import BuildSpec, Stage
from converters.work import each_part
from converters.workspace import Workspace
from model_repository.heads import EmbeddingHead, ImageEmbeddingHead
from model_repository.manifest import Task

SPEC = BuildSpec(build_id="1", owner="global", name="model", version=1, source="file:/model")
TEXT = Part(
    name="text",
    tasks=(Task.EMBEDDING,),
    head=EmbeddingHead(output="vector", dimensions=4, pooling=None, normalise=False),
)
IMAGE = Part(
    name="image", tasks=(Task.IMAGE_EMBEDDING,), head=ImageEmbeddingHead(output="vector", dimensions=4)
)


def test_each_part_has_its_folders_and_its_share_of_the_progress(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.prepare(SPEC)
    workspace.begin(Stage.INSPECT)
    facts = Inspected(
        root="", architecture="CLIPModel", family="clip", stages="converters.stages", parts=(TEXT, IMAGE)
    )
    workspace.save(Stage.INSPECT, facts, 1.0)
    told: list[tuple[float, str]] = []
    folder = workspace.folder(Stage.EXPORT)
    works = list(each_part(SPEC, workspace, folder, lambda percent, message: told.append((percent, message))))
    assert [work.part for work in works] == [TEXT, IMAGE]
    assert [work.folder for work in works] == [folder / "text", folder / "image"]
    assert works[1].of(Stage.INSPECT) == workspace.folder(Stage.INSPECT) / "image"
    for work in works:
        work.progress(50, "working")
    assert told == [(25, "text: working"), (75, "image: working")]
