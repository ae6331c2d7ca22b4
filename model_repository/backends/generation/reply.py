"""Answers as Triton's decoupled responses."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from model_repository.backends.generation.job import Failure
from model_repository.generation import FINISH_REASON, INDEX, TOKEN_IDS, FinishReason

FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL


class TritonReply:
    """The responses of one request; see `model_repository.backends.generation.job.Reply`."""

    def __init__(self, request: Any) -> None:
        self._sender = request.get_response_sender()

    @property
    def cancelled(self) -> bool:
        """Whether the caller closed the stream."""
        return bool(self._sender.is_cancelled())

    def send(self, tokens: Sequence[int], index: int, reason: FinishReason, *, last: bool) -> None:
        """Send one response."""
        response = pb_utils.InferenceResponse(
            [
                pb_utils.Tensor(TOKEN_IDS, np.array(tokens, np.int64)),
                pb_utils.Tensor(INDEX, np.array([index], np.int64)),
                pb_utils.Tensor(FINISH_REASON, np.array([reason.encode()], np.object_)),
            ]
        )
        self._sender.send(response, flags=FINAL if last else 0)

    def fail(self, message: str, failure: Failure) -> None:
        """Send an error as the final response."""
        error = pb_utils.TritonError(message, getattr(pb_utils.TritonError, failure))
        self._sender.send(pb_utils.InferenceResponse(error=error), flags=FINAL)
