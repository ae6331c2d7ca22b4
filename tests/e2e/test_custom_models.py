"""An author's own code, from the zip to live answers, and through a rebuild that fails."""

import io
import json
import zipfile
from typing import Any

import httpx
import pytest
from harness import Server, wait_until

pytestmark = pytest.mark.integration

GREETER = """
def load_model(path):
    return "hello"

def call_model(model, params, task=None):
    if task == "text-vectorisation":
        return [float(len(params["text"])), 0.5]
    return {"said": f"{model} {params.get('name', 'nobody')}"}
"""

BROKEN = GREETER.replace("return {", "raise OSError('out of order')\n    return {")


def upload(server: Server, module: str) -> None:
    packed = io.BytesIO()
    config = {"description": "says hello", "tasks": ["custom", "text-vectorisation"]}
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("requirements.txt", "")
        archive.writestr("inference.py", module)
    url = server.client.post("/upload-url", json={"model_name": "greeter"}).json()
    assert httpx.put(url, content=packed.getvalue(), trust_env=False).status_code == 200


def described(server: Server) -> dict[str, Any]:
    return dict(server.client.get("/models/greeter").json())


def built(server: Server) -> dict[str, Any]:
    wait_until(lambda: described(server)["build_status"] != "building", 180)
    return described(server)


def greet(server: Server) -> httpx.Response:
    return server.client.post("/custom", json={"model": "greeter", "name": "Ada"})


def test_a_zip_becomes_a_live_model_and_a_failed_rebuild_leaves_it_serving(server: Server) -> None:
    upload(server, GREETER)
    model = built(server)
    assert model["build_status"] == "success", model["build_message"]
    assert set(model["tasks"]) == {"custom", "text-vectorisation"}
    wait_until(lambda: greet(server).status_code == 200, 10)  # gateways poll the catalogue
    assert greet(server).json() == {"output": {"said": "hello Ada"}}
    vector = server.client.post("/text-vectorisation", json={"text": "four", "model": "greeter"})
    assert vector.json() == {"vector": [4.0, 0.5]}

    upload(server, BROKEN)
    failed = built(server)
    assert failed["build_status"] == "fail"
    assert "the task custom fails: OSError: out of order" in failed["build_message"]
    assert greet(server).json() == {"output": {"said": "hello Ada"}}

    assert server.client.delete("/models/greeter").status_code == 200
    assert greet(server).status_code == 404
