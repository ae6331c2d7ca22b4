"""Decoders by OpenVINO GenAI's continuous batching: every step gives each running sequence its next token."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import openvino
import openvino_genai as genai

from model_repository.backends.generation.grammar import grammar_tokenizer
from model_repository.backends.generation.inbox import Inbox
from model_repository.backends.generation.job import Failure, Job, Logprob
from model_repository.generation import (
    COLDEST,
    NARROWEST,
    FinishReason,
    GenerationSettings,
    SamplingParameters,
)
from model_repository.manifest import Precision

QUEUE = 512
"""Requests that may run or wait; more are refused at once."""

SEQUENCES = 128
"""Sequences in one step; the pipeline lets the others wait."""

TOKENS = 2048
"""Tokens in one step, prompts included: a long prompt is read in pieces between the steps of the others."""

TURN = 8
"""Steps in which every caller is looked after once, where there are many."""

BLOCK = 32
"""Tokens in a block of the cache, which is fixed on CPUs."""

SEEDS = 2**32

HINTS = {Precision.FP32: "f32", Precision.BF16: "bf16"}

REASONS = {
    genai.GenerationFinishReason.NONE: FinishReason.NONE,
    genai.GenerationFinishReason.STOP: FinishReason.STOP,
    genai.GenerationFinishReason.LENGTH: FinishReason.LENGTH,
}


@dataclass(frozen=True)
class _Answers:
    """What is being written for a job.

    Attributes:
        number: of the job, counted from 0.
        stops: tokens that end an answer.
        handles: one an answer.

    """

    number: int
    stops: frozenset[int]
    handles: list[Any]


class PagedEngine:
    """One pipeline, and the one thread that touches it.

    Args:
        vocabulary: bytes of each token, for an engine whose answers follow schemas.

    """

    def __init__(
        self,
        folder: Path,
        settings: GenerationSettings,
        properties: dict[str, Any],
        vocabulary: Sequence[bytes] | None = None,
    ) -> None:
        self._folder = folder
        self._tokenizer = None if vocabulary is None else grammar_tokenizer(vocabulary, settings.eos_ids[0])
        self._settings = settings
        hint = HINTS[settings.precision]
        self._properties = {**properties, "INFERENCE_PRECISION_HINT": hint, "KV_CACHE_PRECISION": hint}
        self._pipeline = self._open()
        self._running: dict[Job, _Answers] = {}
        self._jobs = count()
        self._requests = count()
        self._step = 0
        self._random = random.SystemRandom()
        self._inbox = Inbox(QUEUE)
        self._thread = Thread(target=self._run, name="paged")
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Take a job over.

        Raises:
            QueueFullError: too many wait already.

        """
        self._inbox.put(job)

    def close(self) -> None:
        """End the thread after its present step; jobs that are not done fail as unavailable."""
        waiting = self._inbox.close()
        self._thread.join()
        for job in (*self._running, *waiting):
            job.fail("the model is being unloaded", Failure.UNAVAILABLE)

    def _open(self) -> Any:
        scheduler = genai.SchedulerConfig()
        scheduler.max_num_seqs = SEQUENCES
        scheduler.max_num_batched_tokens = TOKENS
        scheduler.dynamic_split_fuse = True
        scheduler.enable_prefix_caching = False
        scheduler.num_kv_blocks = -(-self._settings.cache_tokens // BLOCK)
        folder = str(self._folder)
        if self._tokenizer is None:
            return genai.ContinuousBatchingPipeline(folder, scheduler, "CPU", self._properties)
        return genai.ContinuousBatchingPipeline(folder, self._tokenizer, scheduler, "CPU", **self._properties)

    def _run(self) -> None:
        while (jobs := self._inbox.take(lambda *_: True, wait=not self._running)) is not None:
            for job in jobs:
                self._admit(job)
            try:
                for job in jobs:
                    self._start(job, self._running[job])
                self._drop_cancelled()
                if self._running:
                    self._pipeline.step()
                    self._read()
            except Exception as error:  # noqa: BLE001  # the pipeline may raise anything; its callers must hear of it
                self._begin_anew(error)

    def _admit(self, job: Job) -> None:
        stops = frozenset((*self._settings.eos_ids, *job.parameters.stop_ids))
        self._running[job] = _Answers(next(self._jobs), stops, [])

    def _start(self, job: Job, answers: _Answers) -> None:
        """One sequence an answer: the pipeline's own several answers would only come all at their end."""
        parameters = job.parameters
        first = self._random.randrange(SEEDS) if parameters.seed is None else parameters.seed
        prompt = openvino.Tensor(np.array([job.prompt], np.int64))
        try:
            for index in range(parameters.num_return_sequences):
                config = _config(parameters, answers.stops, (first + index) % SEEDS)
                answers.handles.append(self._pipeline.add_request(next(self._requests), prompt, config))
        except RuntimeError as error:  # the pipeline's own checks
            job.fail(str(error).strip().splitlines()[-1])
            self._forget(job)

    def _drop_cancelled(self) -> None:
        """Look after some of the callers, in turns: each look is a message to Triton and back."""
        self._step += 1
        turn = min(TURN, len(self._running))
        for job, answers in list(self._running.items()):
            if (answers.number + self._step) % turn == 0 and job.cancelled:
                job.drop()
                self._forget(job)

    def _read(self) -> None:
        for job, answers in list(self._running.items()):
            for index, handle in enumerate(answers.handles):
                while handle.can_read():
                    for output in handle.read().values():
                        _send(job, index, answers.stops, output)
                if handle.get_status() is genai.GenerationStatus.IGNORED and not job.done:
                    job.fail("there is no memory left for this sequence", Failure.UNAVAILABLE)
            if job.done:
                self._forget(job)

    def _forget(self, job: Job) -> None:
        for handle in self._running.pop(job).handles:
            handle.cancel()
        self._inbox.release(1)

    def _begin_anew(self, error: Exception) -> None:
        """Answer everybody and open another pipeline: nothing is known about the state of this one.

        A schema is read in the first step of its request; one that the pipeline cannot follow fails the step.
        """
        for job in list(self._running):
            if job.parameters.json_schema is not None and not job.begun:
                job.fail("the engine cannot follow this JSON schema", Failure.INVALID_ARG)
            elif not job.done:
                job.fail(f"{type(error).__name__}: {error}")
            self._forget(job)
        self._pipeline = self._open()


def _send(job: Job, index: int, stops: frozenset[int], output: Any) -> None:
    tokens, reason = list(output.generated_ids), REASONS[output.finish_reason]
    if reason is FinishReason.STOP and tokens and tokens[-1] in stops:
        tokens.pop()
    if tokens or reason is not FinishReason.NONE:
        logprobs: list[Logprob] = []
        if job.parameters.top_logprobs is not None:
            logprobs = [Logprob(chosen) for chosen in output.generated_log_probs[: len(tokens)]]
        job.send(tokens, index=index, reason=reason, logprobs=logprobs)


def _config(parameters: SamplingParameters, stops: frozenset[int], seed: int) -> Any:
    config = genai.GenerationConfig()
    config.apply_chat_template = False
    config.max_new_tokens = parameters.max_new_tokens
    config.min_new_tokens = parameters.min_new_tokens
    config.ignore_eos = not stops
    config.stop_token_ids = set(stops)
    config.repetition_penalty = parameters.repetition_penalty
    config.presence_penalty = parameters.presence_penalty
    config.frequency_penalty = parameters.frequency_penalty
    config.logprobs = 0 if parameters.top_logprobs is None else 1
    if parameters.json_schema is not None:
        config.structured_output_config = genai.StructuredOutputConfig(json_schema=parameters.json_schema)
    config.do_sample = parameters.do_sample
    if parameters.do_sample:
        config.temperature = max(parameters.temperature, COLDEST)
        config.top_p = max(parameters.top_p, NARROWEST)
        config.rng_seed = seed
        if parameters.top_k:
            config.top_k = parameters.top_k
    return config
