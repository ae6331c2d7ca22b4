"""Zips a folder, uploads it to a gateway as an author would, and follows the build."""

import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from control_plane.builds.tables import UNFINISHED, BuildStatus
from gateway.apis.builds.schemas import Build, BuildPage
from model_repository.errors import TriremeError
from trireme.progress import view_on

LEFT_OUT = {".git", ".venv", "__pycache__", ".DS_Store"}
PIECE = 1 << 20
POLL_SECONDS = 0.5
PATIENCE = 20
"""How often in a row the gateway may not answer while a build is followed."""


class PushError(TriremeError):
    """The folder cannot be sent, or the gateway does not take it."""

    code = "push_failed"


def push(client: httpx.Client, folder: Path, name: str, console: Console) -> bool:
    """Zip a folder, upload it as a new version of the caller's model, and follow its build.

    Args:
        client: with the gateway's address and the caller's key.

    Returns:
        whether the version went into service.

    Raises:
        PushError: the folder or the gateway refuses, or nobody answers.

    """
    if not folder.is_dir():
        raise PushError(f"{folder} is no folder", hint="Give the folder that holds the model's files.")
    url = _asked(client, "POST", "/upload-url", json={"model_name": name})
    before = _newest(client, name)
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        _zip(folder, Path(file.name), console)
        _send(url, Path(file.name), console)
    return _follow(client, name, before, console)


def _zip(folder: Path, target: Path, console: Console) -> None:
    """Weights do not shrink, so nothing is compressed."""
    paths = [path for path in sorted(folder.rglob("*")) if not LEFT_OUT & set(path.relative_to(folder).parts)]
    files = [path for path in paths if path.is_file()]
    if not files:
        raise PushError(f"{folder} is empty", hint="Give the folder that holds the model's files.")
    with console.status(f"zipping {len(files)} files"), zipfile.ZipFile(target, "w") as archive:
        for path in files:
            archive.write(path, path.relative_to(folder))


def _send(url: str, archive: Path, console: Console) -> None:
    size = archive.stat().st_size
    columns = (
        SpinnerColumn(),
        TextColumn("uploading"),
        BarColumn(30),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with (
        Progress(*columns, console=console, disable=not console.is_terminal) as bar,
        archive.open("rb") as file,
    ):
        task = bar.add_task("", total=size)

        def pieces() -> Iterator[bytes]:
            while piece := file.read(PIECE):
                yield piece
                bar.advance(task, len(piece))

        with httpx.Client(timeout=httpx.Timeout(60, read=600), trust_env=False) as plain:
            _asked(plain, "PUT", url, content=pieces(), headers={"content-length": str(size)})
    console.print(f"uploaded {size} bytes")


def _follow(client: httpx.Client, name: str, before: int, console: Console) -> bool:
    """Show the first build after `before` to its end."""
    with console.status("waiting for the build"):  # where uploads go to a bucket, a worker has to notice them
        while (build_id := _newest(client, name)) <= before:
            time.sleep(POLL_SECONDS)
    view = view_on(console)
    with view.progress:
        while (build := _build(client, build_id)).status in UNFINISHED:
            view.show(build)
            time.sleep(POLL_SECONDS)
        view.show(build)
    if build.status is BuildStatus.SUCCEEDED:
        tasks = ", ".join(_patiently(client, f"/models/{name}")["tasks"])
        console.print(Text.assemble((f"{name} is in service", "green"), f": {tasks}"))
        return True
    console.print(Text.assemble((build.status, "bold red"), f" {name}: {build.message}"), soft_wrap=True)
    if build.hint:
        console.print(f"  {build.hint}", style="dim", soft_wrap=True)
    return False


def _newest(client: httpx.Client, name: str) -> int:
    """Id of the model's newest build, 0 where it has none."""
    page = msgspec.convert(_patiently(client, f"/builds?{urlencode({'model': name, 'limit': 1})}"), BuildPage)
    return page.builds[0].id if page.builds else 0


def _build(client: httpx.Client, build_id: int) -> Build:
    return msgspec.convert(_patiently(client, f"/builds/{build_id}"), Build)


def _patiently(client: httpx.Client, path: str) -> Any:
    for _ in range(PATIENCE):
        try:
            return _asked(client, "GET", path)
        except _AwayError:
            time.sleep(POLL_SECONDS)
    return _asked(client, "GET", path)


class _AwayError(PushError):
    """Trying again makes sense."""


def _asked(client: httpx.Client, method: str, url: str, **options: Any) -> Any:
    """JSON of an answer."""
    try:
        response = client.request(method, url, **options)
    except httpx.TransportError as error:
        raise _AwayError(
            f"{httpx.URL(url).host or client.base_url.host} does not answer: {type(error).__name__}",
            hint="Give the gateway's address with --url.",
        ) from error
    if response.is_success:
        return response.json()
    kind = _AwayError if response.status_code == 503 else PushError
    try:
        body = response.json()
    except ValueError:
        body = response.reason_phrase
    message = body["message"] if isinstance(body, dict) and "message" in body else str(body)
    forbidden = response.status_code == 403 and method != "PUT"
    raise kind(message, hint="Give a key of yours with --key or TRIREME_KEY." if forbidden else "")
