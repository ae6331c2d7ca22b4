"""One request to the backend over gRPC, read to its end."""

from collections import defaultdict
from dataclasses import dataclass, field

import msgspec
import numpy as np

from model_repository.client import TritonClient
from model_repository.generation import (
    FINISH_REASON,
    INDEX,
    INPUT_FEATURES,
    INPUT_IDS,
    PARAMETERS,
    TOKEN_IDS,
)
from model_repository.manifest import Manifest
from model_repository.tensors import Array, infer_request, read_outputs

SECONDS = 120


@dataclass
class Answers:
    """All that came, by sequence."""

    tokens: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    reasons: dict[int, str] = field(default_factory=dict)
    chunks: int = 0

    @property
    def all(self) -> list[list[int]]:
        return [self.tokens[index] for index in sorted(self.reasons)]


def message(
    manifest: Manifest, prompt: list[int], features: Array | None = None, **parameters: object
) -> bytes:
    encoded = msgspec.json.encode(parameters)
    inputs = {INPUT_IDS: np.array(prompt, np.int64), PARAMETERS: np.array([encoded], np.object_)}
    if features is not None:
        inputs[INPUT_FEATURES] = features
    return infer_request(manifest.entry, inputs, [TOKEN_IDS, INDEX, FINISH_REASON])


async def generate(
    client: TritonClient,
    manifest: Manifest,
    prompt: list[int],
    features: Array | None = None,
    **parameters: object,
) -> Answers:
    answers = Answers()
    async for response in client.stream(message(manifest, prompt, features, **parameters), SECONDS):
        outputs = read_outputs(response)
        index, reason = int(outputs[INDEX][0]), outputs[FINISH_REASON][0].decode()
        answers.tokens[index] += outputs[TOKEN_IDS].tolist()
        answers.chunks += 1
        if reason:
            assert index not in answers.reasons
            answers.reasons[index] = reason
    return answers
