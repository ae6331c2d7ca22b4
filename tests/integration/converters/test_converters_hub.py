"""`hf:` sources against a small hub that speaks the part of the protocol that downloads use."""

import hashlib
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from converters.child import run_stage
from converters.results import Fetched
from converters.spec import ConversionError, Stage
from converters.workspace import Workspace

pytestmark = pytest.mark.integration

COMMIT = "c0ffee" * 6 + "abcd"
FILES = {
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": b"weights",
    "1_Pooling/config.json": b"{}",
    "pytorch_model.bin": b"pickle",
    "onnx/config.json": b"{}",
    "README.md": b"# Tiny",
}


class Hub(BaseHTTPRequestHandler):
    """A hub with the one model `acme/tiny`, whose branch `main` is at COMMIT."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        path = self.path.partition("?")[0]
        revisions = ("main", COMMIT)
        if path in [f"/api/models/acme/tiny/revision/{one}" for one in revisions]:
            siblings = [{"rfilename": name} for name in FILES]
            self.reply(200, json.dumps({"id": "acme/tiny", "sha": COMMIT, "siblings": siblings}).encode())
        elif path in [f"/api/models/acme/tiny/tree/{one}" for one in revisions]:
            tree = [
                {"type": "file", "path": name, "size": len(content), "oid": "0" * 40}
                for name, content in FILES.items()
            ]
            self.reply(200, json.dumps(tree).encode())
        elif path.startswith(f"/acme/tiny/resolve/{COMMIT}/"):
            self.reply(200, FILES[path.split(f"{COMMIT}/")[1]])
        elif path.startswith(("/api/models/acme/tiny/revision/", "/api/models/acme/tiny/tree/")):
            self.reply(404, b"{}", error="RevisionNotFound")
        else:
            self.reply(404, b"{}", error="RepoNotFound")

    def reply(self, status: int, body: bytes, error: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha1(body).hexdigest()}"')
        if error:
            self.send_header("X-Error-Code", error)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(make_build, source: str) -> tuple[Fetched, Path]:
    build = make_build(source)
    workspace = Workspace(build.workspace)
    workspace.prepare(build.spec)
    workspace.begin(Stage.FETCH)
    run_stage(
        build.spec,
        Stage.FETCH,
        workspace,
        progress=lambda _percent, _message: None,
        output=lambda _text: None,
        cancelled=lambda: False,
    )
    return workspace.result(Stage.FETCH, Fetched), workspace.folder(Stage.FETCH)


@pytest.mark.usefixtures("hub")
def test_data_is_downloaded_and_the_branch_resolved_to_its_commit(
    make_build, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched, folder = fetch(make_build, "hf:acme/tiny@main")
    assert fetched.uri == f"hf:acme/tiny@{COMMIT}"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {"config.json", "model.safetensors", "1_Pooling/config.json"}
    assert (folder / "model.safetensors").read_bytes() == b"weights"

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    again, _ = fetch(make_build, "hf:acme/tiny")
    assert again == fetched


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("hf:acme/tiny@no-such-branch", "acme/tiny has no revision no-such-branch"),
        ("hf:acme/large", "the hub has no model acme/large"),
        ("hf:not a name", "the hub has no model not a name"),
    ],
)
def test_what_the_hub_does_not_have(make_build, source: str, cause: str) -> None:
    with pytest.raises(ConversionError, match=cause):
        fetch(make_build, source)
