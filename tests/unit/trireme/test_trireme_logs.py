"""Log lines: one format for ours and the libraries', and files that stay bounded."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from trireme.logs import RotatedFile

PROGRAM = """
import logging, sys
import structlog
from trireme.logs import configure
from trireme.settings import LogSettings
configure(LogSettings(level="info", file=sys.argv[1], json=sys.argv[2] == "json"))
log = structlog.get_logger()
structlog.contextvars.bind_contextvars(request_id="abc")
log.debug("too quiet")
log.info("request", status=200)
logging.getLogger("library").warning("it %s", "rains")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("broken")
"""


def lines(tmp_path: Path, form: str) -> list[str]:
    file = tmp_path / "logs" / "part.log"
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(file), form], capture_output=True, check=True)
    assert done.stderr == b""
    return file.read_text().splitlines()


def test_json_lines_carry_level_time_and_context(tmp_path: Path) -> None:
    request, library, broken = map(json.loads, lines(tmp_path, "json"))
    assert (request["event"], request["status"], request["level"]) == ("request", 200, "info")
    assert request["request_id"] == "abc"
    assert request["timestamp"].endswith("Z")
    assert (library["event"], library["logger"], library["level"]) == ("it rains", "library", "warning")
    assert broken["exception"][0]["exc_type"] == "ZeroDivisionError"


def test_lines_for_people_have_the_same_content(tmp_path: Path) -> None:
    text = "\n".join(lines(tmp_path, "text"))
    assert "status=200" in text
    assert "it rains" in text
    assert "ZeroDivisionError" in text


WITHOUT_ROOM = """
import resource, sys
from pathlib import Path
from trireme.logs import RotatedFile
file = RotatedFile(Path(sys.argv[1]))
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
file.write(b"first\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (10, most))
file.write(b"torn line\\n")
file.write(b"lost line\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
file.write(b"found again\\n")
file.write(b"last\\n")
"""


def test_without_room_lines_are_lost_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "log"
    subprocess.run([sys.executable, "-c", WITHOUT_ROOM, str(file)], check=True)
    assert file.read_text().splitlines() == ["first", "torn", "found again", "last"]


def test_full_files_move_on_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with closing(RotatedFile(path, limit=10, kept=2)) as file:
        for letter in b"abcde":
            file.write(bytes([letter]) * 8)
    assert path.read_bytes() == b"e" * 8
    assert [(tmp_path / f"log.{n}").read_bytes()[:1] for n in (1, 2)] == [b"d", b"c"]
    assert not (tmp_path / "log.3").exists()


def test_a_file_is_continued_after_a_restart(tmp_path: Path) -> None:
    for line in (b"12345678", b"abc"):
        with closing(RotatedFile(tmp_path / "log", limit=10)) as file:
            file.write(line)
    assert (tmp_path / "log.1").read_bytes() == b"12345678"
    assert (tmp_path / "log").read_bytes() == b"abc"
