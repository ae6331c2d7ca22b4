"""Decoders by OpenVINO GenAI's continuous batching: every step gives each running sequence its next token."""

import random
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import openvino
import openvino_genai as genai

from model_repository.backends.generation.inbox import Inbox
from model_repository.backends.generation.job import Failure, Job
from model_repository.generation import FinishReason, GenerationSettings, SamplingParameters
from model_repository.manifest import Precision

QUEUE = 512
"""Requests that may run or wait; more are refused at once."""

SEQUENCES = 128
"""Sequences in one step; the pipeline lets the others wait."""

TOKENS = 2048
"""Tokens in one step, prompts included: a long prompt is read in pieces between the steps of the others."""

BLOCK = 32
"""Tokens in a block of the cache, which is fixed on CPUs."""

SEEDS = 2**32

HINTS = {Precision.FP32: "f32", Precision.BF16: "bf16"}

REASONS = {
    genai.GenerationFinishReason.NONE: FinishReason.NONE,
    genai.GenerationFinishReason.STOP: FinishReason.STOP,
    genai.GenerationFinishReason.LENGTH: FinishReason.LENGTH,
}


def suits(parameters: SamplingParameters) -> bool:
    """Whether the pipeline means by these parameters what transformers means by them."""
    return parameters.num_beams == 1 and not parameters.no_repeat_ngram_size


@dataclass
class _Sequence:
    """One answer being written.

    Attributes:
        stops: tokens that end it.

    """

    job: Job
    index: int
    stops: frozenset[int]
    handle: Any


class PagedEngine:
    """One pipeline, and the one thread that touches it."""

    def __init__(self, folder: Path, settings: GenerationSettings, properties: dict[str, Any]) -> None:
        self._folder = folder
        self._settings = settings
        hint = HINTS[settings.precision]
        self._properties = {**properties, "INFERENCE_PRECISION_HINT": hint, "KV_CACHE_PRECISION": hint}
        self._pipeline = self._open()
        self._running: list[_Sequence] = []
        self._requests = 0
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
        for job in dict.fromkeys((*(sequence.job for sequence in self._running), *waiting)):
            job.fail("the model is being unloaded", Failure.UNAVAILABLE)

    def _open(self) -> Any:
        scheduler = genai.SchedulerConfig()
        scheduler.max_num_seqs = SEQUENCES
        scheduler.max_num_batched_tokens = TOKENS
        scheduler.dynamic_split_fuse = True
        scheduler.enable_prefix_caching = False
        scheduler.num_kv_blocks = -(-self._settings.cache_tokens // BLOCK)
        return genai.ContinuousBatchingPipeline(str(self._folder), scheduler, "CPU", self._properties)

    def _run(self) -> None:
        while (jobs := self._inbox.take(lambda *_: True, wait=not self._running)) is not None:
            try:
                for job in jobs:
                    self._start(job)
                self._drop_cancelled()
                self._pipeline.step()
                self._read()
            except Exception as error:  # noqa: BLE001  # the pipeline may raise anything; its callers must hear of it
                self._fail_all(jobs, f"{type(error).__name__}: {error}")

    def _start(self, job: Job) -> None:
        """One sequence an answer: the pipeline's own several answers would only come all at their end."""
        parameters = job.parameters
        stops = frozenset((*self._settings.eos_ids, *parameters.stop_ids))
        first = self._random.randrange(SEEDS) if parameters.seed is None else parameters.seed
        prompt = openvino.Tensor(np.array([job.prompt], np.int64))
        for index in range(parameters.num_return_sequences):
            self._requests += 1
            config = _config(parameters, stops, (first + index) % SEEDS)
            handle = self._pipeline.add_request(self._requests, prompt, config)
            self._running.append(_Sequence(job, index, stops, handle))

    def _drop_cancelled(self) -> None:
        gone = {id(each.job): each.job for each in self._running if each.job.cancelled}
        for each in self._running:
            if id(each.job) in gone:
                each.handle.cancel()
        for job in gone.values():
            job.drop()
        self._forget_done()

    def _read(self) -> None:
        for each in self._running:
            if each.job.done:
                continue
            while each.handle.can_read():
                for output in each.handle.read().values():
                    self._send(each, output)
            if each.handle.get_status() is genai.GenerationStatus.IGNORED:
                each.job.fail("there is no memory left for this sequence", Failure.UNAVAILABLE)
        self._forget_done()

    def _send(self, sequence: _Sequence, output: Any) -> None:
        tokens, reason = list(output.generated_ids), REASONS[output.finish_reason]
        if reason is FinishReason.STOP and tokens and tokens[-1] in sequence.stops:
            tokens.pop()
        if tokens or reason is not FinishReason.NONE:
            sequence.job.send(tokens, index=sequence.index, reason=reason)

    def _forget_done(self) -> None:
        before = {id(each.job) for each in self._running}
        self._running = [each for each in self._running if not each.job.done]
        self._inbox.release(len(before) - len({id(each.job) for each in self._running}))

    def _fail_all(self, jobs: list[Job], message: str) -> None:
        """Answer everybody and begin with a new pipeline: nothing is known about the state of this one."""
        for job in dict.fromkeys((*(each.job for each in self._running), *jobs)):
            if not job.done:
                job.fail(message)
        started = {id(each.job) for each in self._running}
        self._inbox.release(sum(id(job) not in started for job in jobs))
        self._forget_done()
        self._pipeline = self._open()


def _config(parameters: SamplingParameters, stops: frozenset[int], seed: int) -> Any:
    config = genai.GenerationConfig()
    config.apply_chat_template = False
    config.max_new_tokens = parameters.max_new_tokens
    config.min_new_tokens = parameters.min_new_tokens
    config.ignore_eos = not stops
    config.stop_token_ids = set(stops)
    config.repetition_penalty = parameters.repetition_penalty
    config.do_sample = parameters.do_sample
    if parameters.do_sample:
        config.temperature = parameters.temperature
        config.top_p = parameters.top_p
        config.rng_seed = seed
        if parameters.top_k:
            config.top_k = parameters.top_k
    return config
