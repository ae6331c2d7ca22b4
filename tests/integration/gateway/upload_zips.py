"""Zips to send, and the requests that send them."""

import io
import json
import zipfile

import httpx

CONFIG = {"description": "says what it is given", "tasks": ["custom"]}


def custom_zip(top: str = "") -> bytes:
    """A model of its author's own code."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{top}config.json", json.dumps(CONFIG))
        archive.writestr(f"{top}requirements.txt", "numpy")
        archive.writestr(f"{top}model.bin", b"dill")
    return buffer.getvalue()


async def upload_url(client: httpx.AsyncClient, name: str = "mine") -> str:
    response = await client.post("/upload-url", json={"model_name": name})
    assert response.status_code == 200, response.text
    url: str = response.json()
    return url


async def put(client: httpx.AsyncClient, url: str, content: object) -> httpx.Response:
    """A PUT as the published client's: no key, no content type."""
    request = client.build_request("PUT", url, content=content)  # type: ignore[arg-type]
    for header in ("x-api-key", "content-type"):
        request.headers.pop(header, None)
    return await client.send(request)
