"""Runs models that generate: text to prompt, prompt to a stream of tokens, tokens to text."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import chain

import numpy as np
from msgspec import structs
from numpy.typing import NDArray
from tokenizers import Encoding

from control_plane.catalog import Provider
from gateway.observability.timing import stage
from gateway.serving.concurrency import for_each
from gateway.serving.errors import InputTooLongError
from gateway.serving.generation.detokenisation import TextStream
from gateway.serving.generation.results import Chunk, Generated, GenerationParameters, Logprob
from gateway.serving.metering.call import current_call
from gateway.serving.tokenization import Tokenizers
from gateway.serving.triton import TritonPool
from model_repository.errors import RefusedInputError
from model_repository.generation import (
    FINISH_REASON,
    INDEX,
    INPUT_IDS,
    LOGPROBS,
    PARAMETERS,
    TOKEN_IDS,
    TOP_IDS,
    TOP_LOGPROBS,
    FinishReason,
    encode_parameters,
)
from model_repository.heads import GenerationHead
from model_repository.manifest import Manifest
from model_repository.vocabulary import Vocabulary

OUTPUTS = (TOKEN_IDS, INDEX, FINISH_REASON)
LOGPROB_OUTPUTS = (LOGPROBS, TOP_IDS, TOP_LOGPROBS)

STOP_INTERVAL = 4
"""Tokens at a time of an answer that nobody reads along and that may end at a stop sequence: so many are
generated for nothing at most."""


class GenerationModel:
    """One stream a prompt; what runs together is decided in Triton.

    Args:
        streams_per_request: prompts of one request that are worked on together.

    """

    def __init__(self, tokenizers: Tokenizers, triton: TritonPool, *, streams_per_request: int) -> None:
        self._tokenizers = tokenizers
        self._triton = triton
        self._streams_per_request = streams_per_request

    async def run(
        self, provider: Provider, graph: Manifest, texts: Sequence[str], parameters: GenerationParameters
    ) -> list[list[Generated]]:
        """Answers to each text, `num_return_sequences` of them.

        A text that is too long for an encoder-decoder is cut. One that leaves a decoder no room for the
        answer is refused, because cutting it would change what is continued.

        Raises:
            InputTooLongError: a decoder has no room for text and answer.
            RefusedInputError: the model does not take the parameters.
            InferenceError: the model failed.
            ServerUnavailableError: no Triton server answers, or not in time, or it has too much to do.
            OverloadedError: the gateway cannot take more work now.

        """
        prompts = await self._prompts(graph, texts, parameters)
        gathered = in_one_piece(parameters)
        answers: list[list[Generated]] = [[] for _ in texts]

        async def answer(position: int) -> None:
            prompt = prompts[position]
            chunks = self._chunks(provider, graph, prompt, gathered, _continued(graph, prompt))
            answers[position] = await _collect(chunks, gathered, len(prompts[position]))

        with stage("triton"):
            await for_each(range(len(texts)), answer, at_once=self._streams_per_request)
        if (call := current_call()) is not None:
            for each in chain.from_iterable(answers):
                call.wrote(each.text, len(each.token_ids))
        return answers

    async def stream(
        self, provider: Provider, graph: Manifest, text: str, parameters: GenerationParameters
    ) -> AsyncGenerator[Chunk, None]:
        """The answers to one text as they are written; leaving early ends them.

        Raises:
            TriremeError: as `run`.

        """
        (prompt,) = await self._prompts(graph, [text], parameters)
        chunks = self._chunks(provider, graph, prompt, parameters, _continued(graph, prompt))
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk

    async def read(self, graph: Manifest, text: str) -> list[int]:
        """Tokens of a prompt that has its special tokens already; it leaves room for one more at least.

        Raises:
            InputTooLongError: the model does not hold it.
            TokenizerUnavailableError: the version's tokenizer is not loaded.
            OverloadedError: the gateway cannot take more work now.

        """
        with stage("tokenise"):
            encoding = await self._tokenizers.prompt(graph, text)
        _count(len(encoding))
        _check_room(graph, encoding, 1)
        ids: list[int] = encoding.ids
        return ids

    def vocabulary(self, graph: Manifest) -> Vocabulary:
        """What each token of a model adds to a text.

        Raises:
            TokenizerUnavailableError: the version's tokenizer is not loaded.

        """
        return self._tokenizers.vocabulary(graph)

    def answer(
        self, provider: Provider, graph: Manifest, prompt: Sequence[int], parameters: GenerationParameters
    ) -> AsyncGenerator[Chunk, None]:
        """The answers to a prompt as they are written, each a text that stands by itself.

        Raises:
            TriremeError: as `run`.

        """
        return self._chunks(provider, graph, prompt, parameters, ())

    async def _prompts(
        self, graph: Manifest, texts: Sequence[str], parameters: GenerationParameters
    ) -> list[list[int]]:
        with stage("tokenise"):
            encodings = await self._tokenizers.encodings(graph, texts)
        _count(sum(map(len, encodings)))
        for encoding in encodings:
            _check_room(graph, encoding, parameters.sampling.max_new_tokens)
        return [encoding.ids for encoding in encodings]

    async def _chunks(
        self,
        provider: Provider,
        graph: Manifest,
        prompt: Sequence[int],
        parameters: GenerationParameters,
        continued: Sequence[int],
    ) -> AsyncGenerator[Chunk, None]:
        """The answers as they are written; `continued` are the tokens whose text they go on with."""
        tokenizer = self._tokenizers.tokenizer(graph)
        number = parameters.sampling.num_return_sequences
        texts = [
            TextStream(tokenizer, continued, parameters.stop, special_tokens=parameters.special_tokens)
            for _ in range(number)
        ]
        inputs = {
            INPUT_IDS: np.array(prompt, np.int64),
            PARAMETERS: np.array([encode_parameters(parameters.sampling)], np.object_),
        }
        going, unfinished = set(range(number)), set(range(number))
        wanted = _outputs(graph, parameters)
        async with aclosing(self._triton.stream(provider, graph, inputs, wanted)) as responses:
            async for outputs in responses:
                index = int(outputs[INDEX][0])
                reason = FinishReason(outputs[FINISH_REASON][0].decode())
                if reason is not FinishReason.NONE:
                    unfinished.discard(index)
                if index not in going:
                    continue
                tokens = tuple(outputs[TOKEN_IDS].tolist())
                piece, stopped = texts[index].feed(tokens, final=reason is not FinishReason.NONE)
                if stopped:
                    reason = FinishReason.STOP
                if reason is not FinishReason.NONE:
                    going.discard(index)
                yield Chunk(index, piece, tokens, reason, _logprobs(outputs), stopped)
                if unfinished and not going:
                    return  # not when the engine is done, too: Triton may die of cancelling what just ends


def generation_head(graph: Manifest) -> GenerationHead:
    """The head of a graph that generates."""
    assert isinstance(graph.head, GenerationHead)
    return graph.head


def in_one_piece(parameters: GenerationParameters) -> GenerationParameters:
    """The same for an answer that nobody reads along: as few responses as its stop sequences allow."""
    interval = STOP_INTERVAL if parameters.stop else parameters.sampling.max_new_tokens
    return replace(parameters, sampling=structs.replace(parameters.sampling, stream_interval=interval))


def _outputs(graph: Manifest, parameters: GenerationParameters) -> tuple[str, ...]:
    if parameters.sampling.top_logprobs is None:
        return OUTPUTS
    if LOGPROBS not in {output.name for output in graph.outputs}:
        raise RefusedInputError(
            f"this version of model {graph.name} tells no logprobs",
            hint="It was converted before there were any: its next version will.",
        )
    return OUTPUTS + LOGPROB_OUTPUTS


def _logprobs(outputs: Mapping[str, NDArray[np.generic]]) -> tuple[Logprob, ...]:
    if LOGPROBS not in outputs:
        return ()
    columns = (outputs[name].tolist() for name in LOGPROB_OUTPUTS)
    return tuple(Logprob(chosen, tuple(ids), tuple(top)) for chosen, ids, top in zip(*columns, strict=True))


def _continued(graph: Manifest, prompt: Sequence[int]) -> Sequence[int]:
    return () if generation_head(graph).encoder_decoder else prompt


def _count(tokens: int) -> None:
    if (call := current_call()) is not None:
        call.read(tokens)


def _check_room(graph: Manifest, encoding: Encoding, new: int) -> None:
    head = generation_head(graph)
    room = head.max_length - (0 if head.encoder_decoder else len(encoding.ids))
    if new > room or (encoding.overflowing and not head.encoder_decoder):
        raise InputTooLongError(
            f"model {graph.name} holds {head.max_length} tokens"
            f"{'' if head.encoder_decoder else ' of text and answer together'}; "
            f"{'more' if encoding.overflowing else len(encoding.ids)} tokens of text and "
            f"{new} of answer do not fit",
            hint="Send a shorter text, or ask for less.",
        )


async def _collect(
    chunks: AsyncIterator[Chunk], parameters: GenerationParameters, prompt_tokens: int
) -> list[Generated]:
    number = parameters.sampling.num_return_sequences
    pieces: list[list[Chunk]] = [[] for _ in range(number)]
    async for chunk in chunks:
        pieces[chunk.index].append(chunk)
    return [
        Generated(
            text="".join(chunk.text for chunk in each),
            token_ids=tuple(token for chunk in each for token in chunk.token_ids),
            finish_reason=each[-1].finish_reason,
            prompt_tokens=prompt_tokens,
        )
        for each in pieces
    ]
