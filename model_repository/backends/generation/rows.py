"""The batch of the generation loop of transformers, row by row, and whose answer each row is."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import StoppingCriteria

from model_repository.backends.generation.job import Job, Logprob
from model_repository.generation import FinishReason


class AbandonedError(Exception):
    """Nobody waits for this batch any more."""


class Rows(StoppingCriteria):  # type: ignore[misc]  # transformers is not analysed
    """Looks at the batch after each step: sends the new tokens, and says which rows need no more.

    Args:
        stops: tokens that end a row.
        logits: of the model's last step, `[rows, vocabulary]`.
        closing: whether the engine is to end.

    """

    def __init__(
        self,
        jobs: Sequence[Job],
        stops: frozenset[int],
        logits: Callable[[], torch.Tensor],
        closing: Callable[[], bool],
    ) -> None:
        self._jobs = jobs
        self._stops = stops
        self._logits = logits
        self._closing = closing
        parameters = jobs[0].parameters
        self._top = parameters.top_logprobs
        self._told = parameters.told_ids
        self._limit = parameters.max_new_tokens
        self._answers = parameters.num_return_sequences
        self._beams = parameters.num_beams > 1
        self._steps = 0
        self._open = [True] * (len(jobs) * self._answers)

    def __call__(self, input_ids: torch.Tensor, _scores: Any, **_: Any) -> torch.Tensor:
        """Which rows are done, `[rows]`.

        Raises:
            AbandonedError: none of them has a caller any more.

        """
        for job in self._jobs:
            if not job.done and job.cancelled:
                job.drop()
        if self._closing() or all(job.done for job in self._jobs):
            raise AbandonedError
        self._steps += 1
        if self._beams:
            return torch.zeros(len(input_ids), dtype=torch.bool)
        tokens = input_ids[:, -1]
        logprobs = None if self._top is None else self._logprobs(tokens, self._top)
        for row, token in enumerate(tokens.tolist()):
            self._advance(row, token, () if logprobs is None else (logprobs[row],))
        return ~torch.tensor(self._open)

    def finish(self, sequences: list[list[int]]) -> None:
        """Send whole answers, as a beam search has them only at its end."""
        for row, sequence in enumerate(sequences):
            job, index = self._place(row)
            end = next((at for at, token in enumerate(sequence) if token in self._stops), None)
            if not job.done:
                reason = FinishReason.LENGTH if end is None else FinishReason.STOP
                job.send(sequence[:end], index=index, reason=reason)

    def _advance(self, row: int, token: int, logprobs: Sequence[Logprob]) -> None:
        job, index = self._place(row)
        if job.done or not self._open[row]:
            self._open[row] = False
            return
        if token in self._stops:
            job.send([], index=index, reason=FinishReason.STOP)
            self._open[row] = False
        elif self._steps == self._limit:
            job.send([token], index=index, reason=FinishReason.LENGTH, logprobs=logprobs)
            self._open[row] = False
        else:
            job.send([token], index=index, logprobs=logprobs)

    def _place(self, row: int) -> tuple[Job, int]:
        return self._jobs[row // self._answers], row % self._answers

    def _logprobs(self, tokens: torch.Tensor, top: int) -> list[Logprob]:
        """Of the new token of each row, of the `top` likeliest in its place, and of those told anyway."""
        logprobs = torch.log_softmax(self._logits().float(), -1)
        chosen = logprobs.gather(-1, tokens[:, None])[:, 0].tolist()
        told = torch.tensor(self._told, dtype=torch.long).expand(len(tokens), -1)
        ids = torch.cat((logprobs.topk(top).indices, told), -1)
        rows = zip(chosen, ids.tolist(), logprobs.gather(-1, ids).tolist(), strict=True)
        return [Logprob(*row) for row in rows]
