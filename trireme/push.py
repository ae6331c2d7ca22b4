"""Sends a folder to a gateway as an author does, and follows what becomes of it."""

import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from model_repository.errors import TriremeError

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
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        _zip(folder, Path(file.name), console)
        _send(url, Path(file.name), console)
    return _follow(client, name, console)


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
    console.print(f"uploaded {size} bytes", highlight=False)


def _follow(client: httpx.Client, name: str, console: Console) -> bool:
    columns = (SpinnerColumn(), TextColumn(name), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("building", total=None)
        while (model := _patiently(client, f"/models/{name}"))["build_status"] == "building":
            bar.update(task, description=model["build_message"] or "waiting")
            time.sleep(POLL_SECONDS)
    if model["build_status"] == "success":
        console.print(f"[green]{name} is in service[/]: {', '.join(model['tasks'])}", highlight=False)
        return True
    console.print(f"[bold red]failed[/] {name}: {model['build_message']}", highlight=False, soft_wrap=True)
    return False


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
