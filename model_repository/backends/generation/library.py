"""The generation loop of transformers with its logits processors, over exported graphs.

Requests with the same parameters that wait together run as one batch. A request that draws random numbers
runs alone, because what it draws must not depend on who else is there. A row that is done, or whose caller
has left, waits for the rest of its batch; when all callers have left, the batch ends with its present step.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import Any

import torch
from msgspec.structs import replace
from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

from model_repository.backends.generation.following import SchemaError, Schemas
from model_repository.backends.generation.graphs import (
    DecoderModel,
    EncoderDecoderModel,
    GraphModel,
    precision_properties,
)
from model_repository.backends.generation.inbox import Inbox
from model_repository.backends.generation.job import Failure, Job
from model_repository.backends.generation.penalties import Penalties
from model_repository.backends.generation.rows import AbandonedError, Rows
from model_repository.backends.generation.speech import SpeechModel
from model_repository.generation import COLDEST, NARROWEST, GenerationSettings, SamplingParameters
from model_repository.layout import TOKENIZER
from model_repository.manifest import Precision

QUEUE = 256
"""Requests that may run or wait; more are refused at once."""

ROWS = 32
"""Most rows of one batch, beams and several answers counted."""

HINTS = {Precision.FP32: "f32", Precision.BF16: "bf16"}


class LibraryEngine:
    """One model, and the one thread that runs it."""

    def __init__(self, folder: Path, settings: GenerationSettings, properties: dict[str, Any]) -> None:
        whole = {**properties, **precision_properties(HINTS[settings.precision])}
        self._model = _open(folder, settings, whole)
        self._settings = settings
        self._tokenizer = folder.parent / TOKENIZER
        self._inbox = Inbox(QUEUE)
        self._closing = False
        self._thread = Thread(target=self._run, name="library")
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
        self._closing = True
        self._thread.join()
        for job in waiting:
            job.fail("the model is being unloaded", Failure.UNAVAILABLE)

    def _run(self) -> None:
        while (jobs := self._inbox.take(self._fits, wait=True)) is not None:
            try:
                self._generate(jobs)
            except AbandonedError:
                pass
            except SchemaError as error:
                for job in jobs:
                    if not job.done:
                        job.fail(str(error), Failure.INVALID_ARG)
            except Exception as error:  # noqa: BLE001  # the loop may raise anything; its callers must hear of it
                for job in jobs:
                    if not job.done:
                        job.fail(f"{type(error).__name__}: {error}")
            finally:
                for job in jobs:
                    if not job.done:
                        job.fail("the model is being unloaded", Failure.UNAVAILABLE)
                self._inbox.release(len(jobs))

    def _generate(self, jobs: list[Job]) -> None:
        parameters, settings = jobs[0].parameters, self._settings
        if parameters.do_sample:
            torch.seed() if parameters.seed is None else torch.manual_seed(parameters.seed)
        stops = frozenset((*settings.eos_ids, *parameters.stop_ids))
        inputs = self._model.begin(jobs, settings.pad_id)
        first = self._model.begun(inputs)
        rows = Rows(jobs, stops, lambda: self._model.logits, lambda: self._closing)
        with torch.inference_mode():
            sequences = self._model.generate(
                **inputs,
                generation_config=_config(parameters, settings, stops),
                logits_processor=self._processors(jobs, first),
                stopping_criteria=StoppingCriteriaList([rows]),
            )
        if parameters.num_beams > 1:
            rows.finish(sequences[:, first:].tolist())

    def _processors(self, jobs: Sequence[Job], first: int) -> LogitsProcessorList:
        """What the library has no parameters for; the new tokens are those from `first` on."""
        parameters = jobs[0].parameters
        processors = self._model.processors(jobs)
        processors.append(Penalties(parameters, first))
        if parameters.json_schema is not None:
            rows = len(jobs) * parameters.num_return_sequences
            processors.append(self._schemas.processor(parameters.json_schema, rows, first))
        return processors

    @cached_property
    def _schemas(self) -> Schemas:
        return Schemas(self._tokenizer, self._settings.vocabulary, self._settings.eos_ids)

    def _fits(self, job: Job, chosen: list[Job]) -> bool:
        if not chosen:
            return True
        parameters = job.parameters
        rows = max(parameters.num_beams, parameters.num_return_sequences)
        other = replace(chosen[0].parameters, stream_interval=parameters.stream_interval)
        alike = not parameters.do_sample and parameters == other and self._model.together(job, chosen[0])
        return alike and (len(chosen) + 1) * rows <= ROWS


def _open(folder: Path, settings: GenerationSettings, properties: dict[str, Any]) -> GraphModel:
    if settings.speech is not None:
        return SpeechModel(folder, properties, settings.speech)
    return (EncoderDecoderModel if settings.encoder_decoder else DecoderModel)(folder, properties)


def _config(
    parameters: SamplingParameters, settings: GenerationSettings, stops: frozenset[int]
) -> GenerationConfig:
    sampling = {
        "temperature": max(parameters.temperature, COLDEST),
        "top_k": parameters.top_k,
        "top_p": max(parameters.top_p, NARROWEST),
    }
    beams = {"length_penalty": parameters.length_penalty, "early_stopping": parameters.early_stopping}
    return GenerationConfig(
        max_new_tokens=parameters.max_new_tokens,
        min_new_tokens=parameters.min_new_tokens,
        do_sample=parameters.do_sample,
        repetition_penalty=parameters.repetition_penalty,
        sequence_bias=[[[token], float(bias)] for token, bias in parameters.logit_bias.items()] or None,
        no_repeat_ngram_size=parameters.no_repeat_ngram_size,
        num_beams=parameters.num_beams,
        num_return_sequences=parameters.num_return_sequences,
        eos_token_id=sorted(stops) or None,
        pad_token_id=settings.pad_id,
        decoder_start_token_id=settings.start_id,
        forced_bos_token_id=settings.forced_bos_id,
        forced_eos_token_id=settings.forced_eos_id,
        use_cache=True,
        **(sampling if parameters.do_sample else {}),
        **(beams if parameters.num_beams > 1 else {}),
    )
