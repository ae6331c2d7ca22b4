"""Runs speech models: one window of audio in, the tokens of its transcript out."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from math import exp

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from tokenizers import Tokenizer

from control_plane.catalog import Provider
from gateway.observability.timing import stage
from gateway.serving.metering.call import current_call
from gateway.serving.tokenization import Tokenizers
from gateway.serving.triton import TritonPool
from model_repository.generation import (
    INPUT_FEATURES,
    INPUT_IDS,
    LOGPROBS,
    PARAMETERS,
    TOKEN_IDS,
    TOP_LOGPROBS,
    SamplingParameters,
    encode_parameters,
)
from model_repository.heads import SpeechHead
from model_repository.manifest import Manifest

OUTPUTS = (TOKEN_IDS, LOGPROBS, TOP_LOGPROBS)

CHARACTERS_PER_TOKEN = 4
"""Of a prompt, of which the model reads the end."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a model writes.

    Attributes:
        tokens: new ones, timestamps among them.
        logprobs: of each of them, before any rule about transcripts has changed it.
        no_speech: probability, in place of the first token, of the one for silence; 0 where none was written.

    """

    tokens: list[int]
    logprobs: list[float]
    no_speech: float


class SpeechModel:
    """One request a window; what runs together is decided in Triton."""

    def __init__(self, tokenizers: Tokenizers, triton: TritonPool) -> None:
        self._tokenizers = tokenizers
        self._triton = triton

    async def write(
        self,
        provider: Provider,
        graph: Manifest,
        prompt: Sequence[int],
        features: NDArray[np.float32],
        parameters: SamplingParameters,
    ) -> Written:
        """What follows a prompt.

        Raises:
            RefusedInputError: the model does not take the parameters.
            InferenceError: the model failed.
            ServerUnavailableError: no Triton server answers, or not in time, or it has too much to do.

        """
        parameters = replace(parameters, top_logprobs=0, told_ids=(speech_head(graph).tokens.no_speech,))
        inputs = {
            INPUT_IDS: np.array(prompt, np.int64),
            PARAMETERS: np.array([encode_parameters(parameters)], np.object_),
            INPUT_FEATURES: features,
        }
        tokens, logprobs, silence = list[int](), list[float](), list[float]()
        with stage("triton"):
            async with aclosing(self._triton.stream(provider, graph, inputs, OUTPUTS)) as responses:
                async for outputs in responses:
                    tokens += outputs[TOKEN_IDS].tolist()
                    logprobs += outputs[LOGPROBS].tolist()
                    silence += outputs[TOP_LOGPROBS].ravel().tolist()
        if (call := current_call()) is not None:
            call.read(len(prompt))
        return Written(tokens, logprobs, exp(silence[0]) if silence else 0.0)

    async def read_prompt(self, graph: Manifest, text: str) -> list[int]:
        """The last tokens of a text, as many as the model reads of what was said before.

        Raises:
            OverloadedError: too many requests wait for a thread.
            TokenizerUnavailableError: the version's tokenizer is not loaded.

        """
        head = speech_head(graph)
        most = head.max_length // 2 - 1
        end = text.strip()[-CHARACTERS_PER_TOKEN * most :]
        if not end:
            return []
        encoding = await self._tokenizers.prompt(graph, f" {end}")
        return [token for token in encoding.ids if token < min(head.eos_ids)][-most:]

    def tokenizer(self, graph: Manifest) -> Tokenizer:
        """What turns tokens into text.

        Raises:
            TokenizerUnavailableError: it is not loaded.

        """
        return self._tokenizers.tokenizer(graph)


def speech_head(graph: Manifest) -> SpeechHead:
    """The head of a graph that hears."""
    assert isinstance(graph.head, SpeechHead)
    return graph.head
