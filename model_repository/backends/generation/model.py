"""Triton backend `generation`: continues prompts, many at a time, and sends tokens as they come.

Of the model's parameters it reads `INFERENCE_NUM_THREADS`; all else stands in `<version>/generation.json`.
See `model_repository.generation` for the tensors. Requests beyond what the engine may hold are answered with
`UNAVAILABLE`, contradictory ones with `INVALID_ARG`.
"""

from typing import Any

import msgspec
import triton_python_backend_utils as pb_utils

from model_repository.backends.generation.engines import QueueFullError, open_engine
from model_repository.backends.generation.job import Failure, Job
from model_repository.backends.generation.reply import TritonReply
from model_repository.backends.graph import Graph
from model_repository.generation import (
    INPUT_FEATURES,
    INPUT_IDS,
    PARAMETERS,
    GenerationSettings,
    decode_parameters,
)


class TritonPythonModel:
    """One instance of a model."""

    def initialize(self, args: dict[str, str]) -> None:
        """Open the graphs and start the engine."""
        graph = Graph.of(args)
        self._settings = msgspec.json.decode(graph.path.read_bytes(), type=GenerationSettings)
        self._engine = open_engine(graph.path.parent, self._settings, graph.parameters)

    def execute(self, requests: list[Any]) -> None:
        """Hand the requests to the engine, which answers them from its own thread."""
        for request in requests:
            reply = TritonReply(request)
            try:
                self._engine.submit(self._job(request, reply))
            except ValueError as error:
                reply.fail(str(error), Failure.INVALID_ARG)
            except QueueFullError:
                reply.fail("too many requests are waiting", Failure.UNAVAILABLE)

    def finalize(self) -> None:
        """End the engine."""
        self._engine.close()

    def _job(self, request: Any, reply: TritonReply) -> Job:
        """The request as a job.

        Raises:
            ValueError: it cannot be fulfilled.

        """
        prompt = pb_utils.get_input_tensor_by_name(request, INPUT_IDS).as_numpy().tolist()
        (data,) = pb_utils.get_input_tensor_by_name(request, PARAMETERS).as_numpy().tolist()
        parameters = decode_parameters(data)
        settings = self._settings
        if not prompt or min(prompt) < 0 or max(prompt) >= settings.vocabulary:
            raise ValueError("the prompt is empty or has tokens that the model does not know")
        if max(parameters.logit_bias, default=0) >= settings.vocabulary:
            last = settings.vocabulary - 1
            raise ValueError(f"`logit_bias` names tokens that the model does not know: they are 0 to {last}")
        if (longest := settings.longest(len(prompt), parameters)) > settings.max_length:
            raise ValueError(
                f"prompt and output have {longest} tokens; the model takes {settings.max_length}"
            )
        if settings.speech is None:
            return Job(prompt, parameters, reply)
        features = pb_utils.get_input_tensor_by_name(request, INPUT_FEATURES).as_numpy()
        return Job(prompt, parameters, reply, features)
