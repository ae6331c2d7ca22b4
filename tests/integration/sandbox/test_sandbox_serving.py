"""Models of their authors' own code answer on every endpoint whose task they declare."""

import asyncio
import base64
import os
import signal
from io import BytesIO
from typing import Any

import httpx
import psutil
import pytest
import pytest_asyncio
from custom_builds import write_model
from PIL import Image
from sandbox_site import Site

from model_repository.client import EntryState, TritonClient
from model_repository.custom import TASK_STRINGS

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

MODULE = """
import os, time

def load_model(path):
    with open(os.path.join(path, "word.txt")) as file:
        return {"word": file.read(), "calls": 0}

def call_model(model, params, task=None):
    model["calls"] += 1
    if params.get("crash"):
        os._exit(7)
    if params.get("sleep"):
        time.sleep(params["sleep"])
    return {"word": model["word"], "calls": model["calls"], "task": task, "params": params}
"""


SCRIPT = """
SHIFT = 2

class Echo:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, params, task=None):
        if task == "qa":
            return params.pop("question").upper()
        if "raise" in params:
            raise ValueError(params["raise"])
        if "returns" in params:
            return {"nan": float("nan"), "set": {1}}[params["returns"]]
        seen = {key: params.pop(key) for key in list(params)}
        return {"task": task, "seen": seen, "factor": self.factor + SHIFT}

model = Echo(1)
"""
"""A class that travels inside the pickle, and spoils the fields that it is given."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def echo(site: Site, client: httpx.AsyncClient) -> str:
    tasks = tuple(TASK_STRINGS.values())
    await site.serve(client, "echo", write_model(site.folder / "echo", script=SCRIPT, tasks=tasks))
    return "echo"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def module(site: Site, client: httpx.AsyncClient) -> str:
    folder = write_model(site.folder / "module", module=MODULE)
    (folder / "word.txt").write_text("lamp")
    await site.serve(client, "module", folder)
    return "module"


async def ask(client: httpx.AsyncClient, path: str, **body: object) -> Any:
    response = await client.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


def picture() -> str:
    file = BytesIO()
    Image.new("RGB", (4, 4), "red").save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


async def test_a_custom_model_gets_all_fields_but_its_name(client: httpx.AsyncClient, echo: str) -> None:
    body = {"numbers": [1, 2.5, None], "text": "a\nb\u2028\u00e9", "deep": {"model": "kept"}}
    assert await ask(client, "/custom", model=echo, **body) == {
        "output": {"task": "custom", "seen": body, "factor": 3}
    }


@pytest.mark.parametrize(
    ("path", "fields", "keys"),
    [
        ("/text-vectorisation", {"text": ["a", "b"], "extra": 1}, ["vector"]),
        ("/text-classification", {"text": "a", "labels": None, "top_k": 1}, ["probabilities"]),
        ("/image-classification", {"image": picture(), "labels": ["x"]}, ["probabilities"]),
        ("/image-vectorisation", {"image": picture()}, ["vector"]),
        ("/image-text-vectorisation", {"image": [picture()], "text": ["a"]}, ["vector"]),
        ("/text-generation", {"text": "a", "top_k": 0.0, "temperature": 0.5}, ["output"]),
        ("/summarisation", {"text": "a"}, ["output", "summary"]),
        ("/emotion", {"text": ["a"]}, ["output", "emotion"]),
    ],
)
async def test_every_endpoint_hands_its_fields_on_unchanged(
    client: httpx.AsyncClient, echo: str, path: str, fields: dict[str, Any], keys: list[str]
) -> None:
    answer = await ask(client, path, model=echo, **fields)
    assert answer == {key: {"task": path[1:], "seen": fields, "factor": 3} for key in keys}


async def test_an_answer_is_wrapped_under_the_key_of_its_task(client: httpx.AsyncClient, echo: str) -> None:
    fields = {"question": "who?", "context": "nobody"}
    for _ in range(2):  # the model has removed a field from the first call's
        assert await ask(client, "/qa", model=echo, **fields) == {"answer": "WHO?"}


async def test_bad_input_is_refused_before_the_model_sees_it(client: httpx.AsyncClient, echo: str) -> None:
    response = await client.post("/qa", json={"question": "who?", "model": echo})
    assert response.status_code == 400
    assert "context" in response.json()["message"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"raise": "no such colour"}, "ValueError: no such colour"),
        ({"returns": "nan"}, "ValueError: Out of range float values are not JSON compliant"),
        ({"returns": "set"}, "TypeError: Object of type set is not JSON serializable"),
    ],
)
async def test_what_a_model_raises_is_told_without_a_trace(
    client: httpx.AsyncClient, echo: str, fields: dict[str, Any], told: str
) -> None:
    response = await client.post("/custom", json={"model": echo, **fields})
    assert response.status_code == 502
    assert response.json()["message"].startswith(f"model echo failed: {told}")


async def test_a_task_that_is_not_declared_is_refused(client: httpx.AsyncClient, module: str) -> None:
    response = await client.post("/emotion", json={"text": "a", "model": module})
    assert response.status_code == 400
    assert response.json()["message"] == "model module does not support the task emotion"


async def test_models_are_private(client: httpx.AsyncClient, stranger: str, module: str) -> None:
    response = await client.post("/custom", json={"model": module}, headers={"x-api-key": stranger})
    assert response.status_code == 404


async def test_the_list_of_models_names_its_tasks(client: httpx.AsyncClient, echo: str) -> None:
    models = {model["name"]: model for model in (await client.get("/models")).json()}
    assert set(models[echo]["tasks"]) == set(TASK_STRINGS.values())


async def test_a_module_reads_its_files_and_keeps_its_state(client: httpx.AsyncClient, module: str) -> None:
    first = (await ask(client, "/custom", model=module))["output"]
    second = (await ask(client, "/custom", model=module))["output"]
    assert (first["word"], second["calls"] - first["calls"]) == ("lamp", 1)


@pytest.mark.parametrize("fault", [{"sleep": 60}, {"crash": True}])
async def test_a_call_that_hangs_or_kills_its_process_ends_alone(
    client: httpx.AsyncClient, module: str, neighbour: str, fault: dict[str, Any]
) -> None:
    failing = asyncio.create_task(client.post("/custom", json={"model": module, **fault}))
    while not failing.done():
        assert await ask(client, "/custom", model=neighbour, x=1) == {"output": {"here": ["x"]}}
    response = failing.result()
    assert response.status_code == 502
    why = "it took longer than 3 s" if "sleep" in fault else "it ended with status 7"
    assert response.json()["message"].startswith(f"model module was ended: {why}")
    assert (await ask(client, "/custom", model=module))["output"]["calls"] == 1


async def test_calls_of_one_model_are_bounded_and_leave_others_their_place(
    client: httpx.AsyncClient, module: str, neighbour: str
) -> None:
    calls = [client.post("/custom", json={"model": module, "sleep": 0.1}) for _ in range(40)]
    statuses = [response.status_code for response in await asyncio.gather(*calls)]
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= 16
    await ask(client, "/custom", model=neighbour, x=1)


async def test_no_sandbox_outlives_triton(site: Site, client: httpx.AsyncClient, module: str) -> None:
    await ask(client, "/custom", model=module)
    assert site.triton.pid is not None
    family = psutil.Process(site.triton.pid).children(recursive=True)
    inside = [process for process in family if "answer.py" in " ".join(process.cmdline())]
    assert inside
    before = site.triton.pid
    os.kill(before, signal.SIGKILL)
    _, alive = await asyncio.to_thread(psutil.wait_procs, inside, 20)
    assert not alive
    await come_back(site, before)
    assert (await ask(client, "/custom", model=module))["output"]["calls"] == 1


async def come_back(site: Site, before: int) -> None:
    """Wait until the server runs again, and load what it had, as the reconciler would."""
    triton = TritonClient(site.triton.url)
    try:
        async with asyncio.timeout(60):
            while site.triton.pid in (None, before):  # noqa: ASYNC110  # it tells nobody
                await asyncio.sleep(0.05)
            await triton.wait_ready(60)
            await asyncio.gather(*map(triton.load, await triton.index()))
            assert set((await triton.index()).values()) == {EntryState.READY}
    finally:
        await triton.close()
