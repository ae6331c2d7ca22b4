"""Shared memory between the benchmark and a real Triton: the same answers, and nothing is left behind."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from model_repository.client import TritonClient, infer_request, read_outputs
from model_repository.environment import SHARED_MEMORY
from model_repository.errors import ServerUnavailableError
from model_repository.server import EmbeddedTriton
from model_repository.settings import TritonSettings
from scripts.benchmarks.pictures import SIDE, means, pixels
from scripts.benchmarks.shared_memory import regions

pytestmark = pytest.mark.integration

CONFIG = f"""
backend: "onnxruntime"
max_batch_size: 8
default_model_filename: "model.onnx"
input [{{ name: "pixel_values" data_type: TYPE_FP32 dims: [3, {SIDE}, {SIDE}] }}]
output [{{ name: "means" data_type: TYPE_FP32 dims: [3] }}]
"""


@pytest.fixture
async def triton(tmp_path: Path) -> AsyncIterator[EmbeddedTriton]:
    entry = tmp_path / "repository/means"
    entry.mkdir(parents=True)
    means(entry / "1")
    (entry / "config.pbtxt").write_text(CONFIG)
    server = EmbeddedTriton(repository=entry.parent, runtime=tmp_path / "triton", settings=TritonSettings())
    await server.start()
    yield server
    await server.stop()


async def test_regions_carry_what_requests_carry(triton: EmbeddedTriton) -> None:
    client, rows = TritonClient(triton.url), pixels(6)
    try:
        await client.load("means")
        joined = np.stack(rows)
        sent = await client.infer(infer_request("means", {"pixel_values": joined}, ["means"]), 30)
        async with regions(triton.url, 2, joined.nbytes) as (first, second):
            pointer = first.request("means", "pixel_values", rows, "means")
            shared = await client.infer(pointer, 30)
            part = await client.infer(second.request("means", "pixel_values", rows[:2], "means"), 30)
        right = read_outputs(sent)["means"]
        np.testing.assert_array_equal(read_outputs(shared)["means"], right)
        np.testing.assert_allclose(read_outputs(part)["means"], right[:2], atol=1e-6)
        assert not any((SHARED_MEMORY / region.name).exists() for region in (first, second))
        with pytest.raises(ServerUnavailableError):  # Triton knows it no more
            await client.infer(pointer, 30)
    finally:
        await client.close()
