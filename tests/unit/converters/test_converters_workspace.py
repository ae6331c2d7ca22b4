"""What a build may resume from."""

from pathlib import Path

import msgspec
import pytest

from converters.results import Exported, Fetched
from converters.spec import BuildSpec, ConversionError, Stage
from converters.workspace import Workspace

SPEC = BuildSpec(build_id="1", owner="global", name="model", version=1, source="file:/model")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with the first stage finished."""
    workspace = Workspace(tmp_path)
    workspace.prepare(SPEC)
    workspace.begin(Stage.FETCH)
    (workspace.folder(Stage.FETCH) / "model.safetensors").write_bytes(b"weights")
    workspace.save(Stage.FETCH, Fetched(uri="file:/model", digest="sha256:0"), seconds=2.5)
    return workspace


def test_a_finished_stage_is_found_again(workspace: Workspace) -> None:
    saved = Workspace(workspace.root).finished(Stage.FETCH)
    assert saved is not None
    assert saved.seconds == 2.5
    assert workspace.result(Stage.FETCH, Fetched).digest == "sha256:0"
    assert workspace.spec() == SPEC


def test_a_stage_without_a_result_is_not_finished(workspace: Workspace) -> None:
    assert workspace.finished(Stage.EXPORT) is None
    with pytest.raises(ConversionError, match="export has not been run"):
        workspace.result(Stage.EXPORT, Exported)


@pytest.mark.parametrize("damage", ["truncate", "remove", "result"])
def test_a_stage_whose_files_are_not_whole_is_not_finished(workspace: Workspace, damage: str) -> None:
    file = workspace.folder(Stage.FETCH) / "model.safetensors"
    if damage == "truncate":
        file.write_bytes(b"wei")
    elif damage == "remove":
        file.unlink()
    else:
        (workspace.root / "results/fetch.json").write_bytes(b'{"seconds": 1, "fi')
    assert workspace.finished(Stage.FETCH) is None


def test_a_stage_that_begins_forgets_all_that_was_made_from_it(workspace: Workspace) -> None:
    workspace.save(Stage.EXPORT, Exported(parts={}), seconds=1)
    workspace.begin(Stage.INSPECT)
    assert workspace.finished(Stage.FETCH) is not None
    assert workspace.finished(Stage.EXPORT) is None
    workspace.begin(Stage.FETCH)
    assert workspace.finished(Stage.FETCH) is None
    assert not list(workspace.folder(Stage.FETCH).iterdir())


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"build_id": "2", "memory_bytes": 1, "stage_seconds": 1.0}, True),
        ({"source": "file:/other"}, False),
        ({"version": 2}, False),
        ({"threads": 7}, False),
    ],
)
def test_results_stay_only_for_the_same_conversion(
    workspace: Workspace, changes: dict[str, object], kept: bool
) -> None:
    workspace.prepare(msgspec.structs.replace(SPEC, **changes))
    assert (workspace.finished(Stage.FETCH) is not None) is kept


def test_a_folder_without_a_spec_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="no workspace"):
        Workspace(tmp_path).spec()
