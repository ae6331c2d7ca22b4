"""Processor time of each step of an embedding request, by itself in this process, and of a whole one."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import orjson
from tritonclient.grpc import service_pb2

from gateway.apis.backprop.text_vectorisation import TextVectorisationSingle
from gateway.batch import BatchDecoder
from gateway.serving.batching.cost import CostModel
from gateway.serving.batching.packed import PackedRows
from gateway.serving.batching.padded import PaddedRows
from gateway.serving.batching.request import Request
from gateway.serving.encoders import Encoder
from gateway.serving.metering.tokens import load_encoding
from gateway.serving.tasks.text import tensors
from model_repository.manifest import Manifest
from model_repository.storage import FolderStorage
from model_repository.tensors import infer_request, read_outputs
from scripts.benchmarks import texts, whole
from scripts.benchmarks.server import Server

TIMES = 300
ROUNDS = 30
PACK = 16


@dataclass(frozen=True)
class Row:
    """A step, and the microseconds that it takes for one request; the best of many rounds."""

    step: str
    microseconds: float


async def measure(server: Server, name: str) -> list[Row]:
    """All steps, for a text of 32 tokens; what is done for a pack is done for one of 16 rows, and divided."""
    storage = FolderStorage(server.data / "repository")
    manifest: Manifest = next(each for each in map(storage.manifest, storage.entries()) if each.name == name)
    assert manifest.tokenizer is not None
    encoder = Encoder(storage.read(manifest.entry, manifest.tokenizer.path), manifest.tokenizer)
    (text,) = texts.fixed(random.Random(1), 1)
    body = orjson.dumps({"text": text, "model": name})
    decoder, counting = BatchDecoder(TextVectorisationSingle), load_encoding("tiktoken_gpt2")
    rows = encoder.encode([text]) * PACK
    inputs = tensors(manifest, rows)
    vectors = np.random.default_rng(0).standard_normal((PACK, 384)).astype(np.float32)
    answer = service_pb2.ModelInferResponse()
    answer.outputs.add(name="v", datatype="FP32", shape=vectors.shape)
    answer.raw_output_contents.append(vectors.tobytes())
    lengths = [len(row) for row in rows]

    kind = PaddedRows if manifest.engine.pads else PackedRows

    def pack() -> None:
        waiting = kind(max_rows=64, max_tokens=8192, max_seconds=1)
        for length in lengths:
            waiting.add(Request.of([length], [length]))
        waiting.take(CostModel())

    steps: dict[str, tuple[Callable[[], object], int]] = {
        "JSON to struct": (lambda: decoder.decode(body), 1),
        "count tokens for limits and usage": (lambda: counting.encode_ordinary(text), 1),
        "tokenise": (lambda: encoder.encode([text]), 1),
        "queue and pack": (pack, PACK),
        "tensors of a pack": (lambda: tensors(manifest, rows), PACK),
        "request of a pack": (lambda: infer_request(manifest.entry, inputs, ["v"]), PACK),
        "answer of a pack": (lambda: read_outputs(answer), PACK),
        "384 numbers to JSON": (
            lambda: orjson.dumps({"vector": vectors[0]}, option=orjson.OPT_SERIALIZE_NUMPY),
            1,
        ),
    }
    parts = [Row(step, 1e6 * _best(work) / shared) for step, (work, shared) in steps.items()]
    return [*parts, *(Row(step, 1e6 * taken) for step, taken in (await whole.measure(server, name)).items())]


def _best(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(TIMES):
            work()
        taken.append((time.process_time() - begun) / TIMES)
    return min(taken)
