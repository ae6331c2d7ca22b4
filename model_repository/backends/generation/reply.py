"""Answers as Triton's decoupled responses."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from model_repository.backends.generation.job import Failure, Logprob
from model_repository.generation import (
    FINISH_REASON,
    INDEX,
    LOGPROBS,
    TOKEN_IDS,
    TOP_IDS,
    TOP_LOGPROBS,
    FinishReason,
)

FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL


class TritonReply:
    """The responses of one request; see `model_repository.backends.generation.job.Reply`."""

    def __init__(self, request: Any) -> None:
        self._sender = request.get_response_sender()

    @property
    def cancelled(self) -> bool:
        """Whether the caller closed the stream."""
        return bool(self._sender.is_cancelled())

    def send(
        self,
        tokens: Sequence[int],
        index: int,
        reason: FinishReason,
        *,
        last: bool,
        logprobs: Sequence[Logprob] | None = None,
    ) -> None:
        """Send one response."""
        outputs = [
            pb_utils.Tensor(TOKEN_IDS, np.array(tokens, np.int64)),
            pb_utils.Tensor(INDEX, np.array([index], np.int64)),
            pb_utils.Tensor(FINISH_REASON, np.array([reason.encode()], np.object_)),
        ]
        if logprobs is not None:
            outputs += _tensors(logprobs)
        self._sender.send(pb_utils.InferenceResponse(outputs), flags=FINAL if last else 0)

    def fail(self, message: str, failure: Failure) -> None:
        """Send an error as the final response."""
        error = pb_utils.TritonError(message, getattr(pb_utils.TritonError, failure))
        self._sender.send(pb_utils.InferenceResponse(error=error), flags=FINAL)


def _tensors(logprobs: Sequence[Logprob]) -> list[Any]:
    top = len(logprobs[0].top) if logprobs else 0
    shape = (len(logprobs), top)
    return [
        pb_utils.Tensor(LOGPROBS, np.array([each.chosen for each in logprobs], np.float32)),
        pb_utils.Tensor(TOP_IDS, np.array([each.top_ids for each in logprobs], np.int64).reshape(shape)),
        pb_utils.Tensor(TOP_LOGPROBS, np.array([each.top for each in logprobs], np.float32).reshape(shape)),
    ]
