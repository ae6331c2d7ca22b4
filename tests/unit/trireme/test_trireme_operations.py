"""What the documentation tells people to type exists: commands, flags, settings, names in manifests."""

import re
from collections.abc import Iterator
from pathlib import Path

import commands
import pytest
from manifests import DEPLOY, KUBERNETES, documents, kustomized

from trireme.reference import reference
from trireme.sources import CLIENT_VARIABLES

ROOT = DEPLOY.parent
PAGES = (*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", DEPLOY / "README.md")
SETTINGS = {entry.name for entry in reference()}
SCRIPTED = {"TRIREME_SCHEDULER", "TRIREME_HOST", "TRIREME_PORT"}
VARIABLES = {entry.variable for entry in reference()} | CLIENT_VARIABLES | SCRIPTED
SECTIONS = {name.partition(".")[0] for name in SETTINGS if "." in name}


def written_as_code(page: Path) -> Iterator[str]:
    """Lines of shell in blocks, and what stands between single back-ticks."""
    text = page.read_text()
    for block in re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_and_settings_on_the_page_exist(page: Path) -> None:
    for line in written_as_code(page):
        for command in re.findall(r"(?:^|exec \S+ |-- )((?:trireme|dask) [a-z].*)$", line):
            commands.check(commands.split(command))
        for name in re.findall(r"^([a-z_]+(?:\.[a-z_0-9]+)+)$", line):
            if name.partition(".")[0] in SECTIONS:
                assert name in SETTINGS, f"{page.name}: {name}"
    for variable in re.findall(r"TRIREME_[A-Z0-9_]+", page.read_text()):
        assert variable in VARIABLES or variable.endswith("_"), f"{page.name}: {variable}"


def test_the_runbook_names_what_is_deployed() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    objects = {
        (each["kind"].lower(), each["metadata"]["name"])
        for _, each in kustomized(KUBERNETES / "overlays" / "standalone")
    }
    named = set(re.findall(r"\b(deployment|statefulset|job|configmap)/([a-z-]+)", text))
    assert len(named) >= 4
    assert named <= objects
    for path in re.findall(r"(?<![\w/])deploy/[\w./-]+[\w]", text):
        assert (ROOT / path).exists() or path == "deploy/compose/.env", path
    services = documents(DEPLOY / "compose" / "compose.yaml")[0]["services"]
    assert set(re.findall(r"compose\.yaml exec (?:-T )?(\w+)", text)) <= services.keys()


def test_log_lines_in_the_runbook_are_written_somewhere() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    table = text.split("| Line | Means |")[1].split("\n\n")[0]
    events = re.findall(r"`([a-z ]+)`", "".join(row.split("|")[1] for row in table.splitlines()[2:]))
    folders = ("model_repository", "control_plane", "gateway", "trireme")
    code = "".join(path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.py"))
    assert len(events) > 10
    assert [event for event in events if f'"{event}"' not in code] == []
