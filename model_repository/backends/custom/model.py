"""Triton backend `custom`: runs an author's code in a sandbox, and hands calls in and results out.

The code sees nothing of Triton: neither its shared memory nor this process, which only passes strings on. A
sandbox that was ended, because a call took too long or by its own doing, is started again by the next call.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import triton_python_backend_utils as pb_utils

from model_repository.backends.graph import Graph
from model_repository.custom import (
    ENVIRONMENT_FOLDER,
    MODEL_FOLDER,
    PARAMS,
    REPLY,
    TASK,
    CustomSettings,
    Ending,
    Reply,
)
from model_repository.sandbox.box import model_box
from model_repository.sandbox.errors import SandboxEndedError
from model_repository.sandbox.model import ModelError, SandboxedModel
from model_repository.sandbox.output import Quota

LOG_BYTES = 1 << 20
"""Most that a model may print into Triton's log in its life."""


class TritonPythonModel:
    """One instance of a model."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the model in its sandbox."""
        path = Graph.of(args).path
        settings = msgspec.json.decode(Path(path).read_bytes(), type=CustomSettings)
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        if settings.python != python:
            raise RuntimeError(f"the model was built for Python {settings.python}, and this is {python}")
        folder = Path(path).parent
        environment = folder / ENVIRONMENT_FOLDER
        box = model_box(
            settings.loader,
            folder / MODEL_FOLDER,
            environment if environment.is_dir() else None,
            settings.limits,
        )
        self._model = SandboxedModel(box, Quota(LOG_BYTES, sys.stderr.buffer))
        self._model.load()

    def execute(self, requests: list[Any]) -> list[Any]:
        """One response a request, in order."""
        return [self._respond(request) for request in requests]

    def finalize(self) -> None:
        """End the sandbox."""
        self._model.close()

    def _respond(self, request: Any) -> Any:
        task, params = (
            pb_utils.get_input_tensor_by_name(request, name).as_numpy()[0] for name in (TASK, PARAMS)
        )
        data = msgspec.json.encode(self._reply(task.decode(), params))
        return pb_utils.InferenceResponse([pb_utils.Tensor(REPLY, np.array([data], np.object_))])

    def _reply(self, task: str, params: bytes) -> Reply:
        try:
            return Reply(ending=Ending.ANSWERED, result=msgspec.Raw(self._model.call(task, params)))
        except ModelError as error:
            return Reply(ending=Ending.RAISED, error=error.message)
        except SandboxEndedError as error:
            return Reply(ending=Ending.STOPPED, error=error.message)
