"""A package index of one's own: one wheel, and one package that would have to be compiled."""

import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WHEEL = "lampshade-1.0-py3-none-any.whl"
SOURCE = "evil-1.0.tar.gz"


def wheel() -> bytes:
    metadata = "lampshade-1.0.dist-info"
    files = {
        "lampshade.py": "COLOUR = 'green'\n",
        f"{metadata}/METADATA": "Metadata-Version: 2.1\nName: lampshade\nVersion: 1.0\n",
        f"{metadata}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{metadata}/RECORD"] = "".join(f"{name},,\n" for name in files) + f"{metadata}/RECORD,,\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def source() -> bytes:
    """A source archive, whose set-up would be the author's code."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        content = b"raise SystemExit('code of the author ran')\n"
        entry = tarfile.TarInfo("evil-1.0/setup.py")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


@dataclass
class Index:
    url: str = ""
    requests: list[str] = field(default_factory=list)


@contextmanager
def serve_index() -> Iterator[Index]:
    """An index for pip, and what it was asked for."""
    index = Index()
    files = {WHEEL: wheel(), SOURCE: source()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.requests.append(self.path)
            name = self.path.strip("/").rpartition("/")[2]
            if name in files:
                self._send(files[name], "application/octet-stream")
            elif pages := [file for file in files if file.startswith(f"{name}-")]:
                digest = hashlib.sha256(files[pages[0]]).hexdigest()
                link = f'<a href="/files/{pages[0]}#sha256={digest}">{pages[0]}</a>'
                self._send(f"<!DOCTYPE html><html><body>{link}</body></html>".encode(), "text/html")
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

        def _send(self, content: bytes, kind: str) -> None:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    index.url = f"http://127.0.0.1:{server.server_port}/simple"
    try:
        yield index
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
