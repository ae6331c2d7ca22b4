"""The vendor's published client, unmodified, against a server of ours."""

import asyncio
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import httpx

CLIENT = "backprop==0.1.3"
JSON = "simplejson==3.20.2"
"""With it, the client's HTTP library sends the raw bytes that it makes of images; without it, it fails."""

DILL = "dill==0.4.0"


def download(folder: Path) -> Path:
    """The client as it is published, unpacked into a folder."""
    wheels = folder / "wheels"
    arguments = ("download", "--quiet", "--no-deps", "--dest", str(wheels), CLIENT, JSON, DILL)
    subprocess.run([sys.executable, "-m", "pip", *arguments], check=True)
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    return folder


async def call(client: httpx.AsyncClient, package: Path, calls: list[Any]) -> list[Any]:
    """What its calls return; each is `[class, arguments of __init__, arguments of the call]`."""
    script = Path(__file__).with_name("published_client.py")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(script), str(package), str(client.base_url).rstrip("/")),
        client.headers["x-api-key"],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate(json.dumps(calls).encode())
    assert process.returncode == 0, errors.decode()
    results: list[Any] = json.loads(output)
    return results


async def upload(client: httpx.AsyncClient, package: Path, name: str, folder: Path) -> str:
    """Have it save and upload a model; what it says in the end, which is a traceback where it fails."""
    script = Path(__file__).with_name("published_upload.py")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(script), str(package), str(client.base_url).rstrip("/")),
        *(client.headers["x-api-key"], name, str(folder)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return output.decode().strip().splitlines()[-1]
