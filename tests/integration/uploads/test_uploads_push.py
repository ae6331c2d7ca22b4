"""From a folder on the author's machine to the right answer out of Triton."""

import asyncio
import io
import json
import os
import sys
import zipfile
from pathlib import Path

import httpx
import numpy as np
import onnx
import pytest
from given_graphs import WORDS, hidden_states, table, weighted, write_given
from upload_site import Site

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

TEXT = "w1 w2 w3"
IDS = [2, *map(WORDS.index, TEXT.split()), 3]


async def push(site: Site, folder: Path, *options: str, key: str | None = None) -> tuple[int, str]:
    """Exit status and output of `trireme models push`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "trireme", "models", "push", str(folder), "--url", site.url, *options),
        env=os.environ | {"TRIREME_KEY": site.key if key is None else key, "COLUMNS": "200", "NO_COLOR": "1"},
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def vector(site: Site, model: str) -> np.ndarray:
    """In whatever precision was the fastest that passed."""
    answer = await site.client.post("/text-vectorisation", json={"text": TEXT, "model": model})
    assert answer.status_code == 200, answer.text
    return np.array(answer.json()["vector"])


async def test_a_graph_serves_on_when_its_next_version_fails(site: Site, folder: Path) -> None:
    write_given(folder, hidden_states())
    status, output = await push(site, folder)
    assert status == 0, output
    assert "my-model: verify" in output, "its stages are shown"
    assert "my-model is in service: text-vectorisation" in output
    served = await vector(site, "my-model")
    np.testing.assert_allclose(served, table()[IDS].mean(0), atol=0.05)  # bf16 and int8 may win, too

    (folder / "model.onnx").write_bytes(b"nothing of the kind")
    status, output = await push(site, folder)
    assert status == 1
    assert "failed my-model: model.onnx is no ONNX graph" in output
    assert "Export the model again" in output
    shown = (await site.client.get("/models/my-model")).json()
    assert (shown["build_status"], shown["tasks"]) == ("fail", ["text-vectorisation"])
    assert "Export the model again" in shown["build_message"]
    np.testing.assert_allclose(await vector(site, "my-model"), served, atol=1e-5)


async def test_a_folder_of_transformers(site: Site, folder: Path) -> None:
    import torch  # noqa: PLC0415 - slow, and only this test needs it
    from transformers import BertConfig, BertModel  # noqa: PLC0415

    write_given(folder, hidden_states())
    (folder / "model.onnx").unlink()
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    model = BertModel(BertConfig(vocab_size=len(WORDS), max_position_embeddings=40, **sizes)).eval()
    model.save_pretrained(folder)
    (folder / "tokenizer_config.json").write_text(json.dumps({"pad_token": "[PAD]", "model_max_length": 40}))
    status, output = await push(site, folder, "--name", "tiny-bert")
    assert status == 0, output
    with torch.inference_mode():
        right = model(torch.tensor([IDS])).last_hidden_state.mean(1)[0].numpy()
    found = await vector(site, "tiny-bert")
    assert found @ right / np.linalg.norm(found) / np.linalg.norm(right) > 0.99


async def test_a_model_that_is_code(site: Site, folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"description": "doubles", "tasks": ["custom"]}))
    (folder / "requirements.txt").write_text("")
    (folder / "inference.py").write_text(
        "def load_model(path):\n    return 2\n\n"
        "def call_model(model, params, task=None):\n    return model * params.get('number', 1)\n"
    )
    status, output = await push(site, folder, "--name", "doubler")
    assert status == 0, output
    answer = await site.client.post("/custom", json={"model": "doubler", "number": 21})
    assert answer.json() == {"output": 42}
    shown = (await site.client.get("/models/doubler")).json()
    assert (shown["build_status"], shown["description"]) == ("success", "doubles")
    assert (await site.client.get(shown["model_url"])).text.startswith("def load_model")


async def test_a_graph_of_plain_numbers(site: Site, folder: Path) -> None:
    onnx.save(weighted(), folder / "model.onnx")
    (folder / "config.json").write_text(json.dumps({"description": "adds up", "tasks": ["custom"]}))
    status, output = await push(site, folder, "--name", "adder")
    assert status == 0, output

    async def call(inputs: object) -> httpx.Response:
        return await site.client.post("/custom", json={"model": "adder", "inputs": inputs})

    answer = await call({"x": [[1, 2, 3, 4], [0, 5, 0, 1]], "scale": [2]})
    assert (answer.status_code, answer.json()) == (200, {"output": {"y": [[20.0], [12.0]], "best": [3, 1]}})
    assert (await call({"x": [[1, 2, 3]], "scale": [2]})).json() == {
        "message": "`inputs.x` must be FP32 of the shape [-1, 4], and has the shape [1, 3]"
    }
    large = await call({"x": [[3e38] * 4], "scale": [2]})
    assert (large.status_code, large.json()) == (502, {"message": "the output y holds NaN or Inf"})
    assert (await site.client.get("/models/adder")).json()["description"] == "adds up"


async def test_a_model_that_is_deleted_while_it_is_built(site: Site, folder: Path) -> None:
    write_given(folder, hidden_states())
    pushed = asyncio.create_task(push(site, folder, "--name", "unwanted"))
    builds: list[dict[str, object]] = []
    while not builds or builds[0]["status"] == "queued":
        await asyncio.sleep(0.05)
        builds = (await site.client.get("/builds", params={"model": "unwanted"})).json()["builds"]
    assert builds[0]["status"] == "running"
    assert (await site.client.delete("/models/unwanted")).status_code == 200
    status, output = await pushed
    assert status == 1
    assert "cancelled unwanted: the model was removed" in output
    assert (await site.client.get("/models/unwanted")).status_code == 404


async def test_names_inside_that_lead_out_fail_the_build(site: Site) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../outside", "x")
    url = (await site.client.post("/upload-url", json={"model_name": "escape"})).json()
    assert (await site.client.put(url, content=buffer.getvalue())).status_code == 200
    while (model := (await site.client.get("/models/escape")).json())["build_status"] == "building":  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    assert model["build_status"] == "fail"
    assert "holds '../outside', which leads out of the folder" in model["build_message"]
    assert model["last_deployment"] is None


@pytest.mark.parametrize(
    ("options", "key", "cause"),
    [
        ((), "wrong", "Forbidden"),
        (("--name", "English"), None, "`model_name` must be"),
        (("--url", "http://127.0.0.1:1"), None, "does not answer"),
    ],
)
async def test_what_cannot_be_sent(
    site: Site, folder: Path, options: tuple[str, ...], key: str | None, cause: str
) -> None:
    (folder / "file").write_text("x")
    status, output = await push(site, folder, *options, key=key)
    assert (status, cause in output) == (1, True), output
    assert "Traceback" not in output


async def test_an_empty_folder(site: Site, folder: Path) -> None:
    status, output = await push(site, folder)
    assert (status, "is empty" in output) == (1, True)
