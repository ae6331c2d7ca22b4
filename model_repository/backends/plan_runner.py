"""Runs a TensorRT plan on one GPU: for the backends `tensorrt` and `tensorrt_rtx`, and for builds.

Written against the documented interfaces; no GPU was at hand, so the calls behind `Stream` have not been run.
"""

from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_repository.backends.device import Stream
from model_repository.layout import WEIGHTS

Tensors = dict[str, NDArray[np.generic]]


class PlanError(RuntimeError):
    """TensorRT does not open or run a plan; its log says more."""


class PlanRunner:
    """An open plan with an execution context and a stream of its own; not for several threads at a time."""

    def __init__(
        self, tensorrt: ModuleType, plan: Path, *, device: int = 0, kernels: Path | None = None
    ) -> None:
        """Open a plan.

        Args:
            tensorrt: the module `tensorrt` or `tensorrt_rtx`.
            kernels: file in which TensorRT-RTX keeps the kernels that it compiles on this GPU, so that the
                next start is quick; None to compile them anew.

        Raises:
            PlanError: the plan was built for another GPU or another version.
            DeviceError: there is no GPU.

        """
        self._stream = Stream(device)
        self._logger = tensorrt.Logger(tensorrt.Logger.WARNING)
        self._runtime = tensorrt.Runtime(self._logger)
        engine = self._runtime.deserialize_cuda_engine(plan.read_bytes())
        if engine is None:
            raise PlanError(f"TensorRT {tensorrt.__version__} cannot read the plan on this GPU")
        weights = plan.with_name(WEIGHTS)
        if weights.exists():
            _refit(tensorrt, engine, weights, self._logger)
        self._engine = engine
        self._kernels = kernels
        self._cache: Any = None
        self._context = self._open()
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        given = {name for name in names if engine.get_tensor_mode(name) == tensorrt.TensorIOMode.INPUT}
        self._outputs = {
            name: np.dtype(tensorrt.nptype(engine.get_tensor_dtype(name)))
            for name in names
            if name not in given
        }

    def run(self, inputs: Tensors, outputs: list[str]) -> Tensors:
        """These outputs for a batch; only they are copied back.

        Raises:
            PlanError: the shapes lie outside the plan's profile, or the execution failed.

        """
        sent = {name: np.ascontiguousarray(array) for name, array in inputs.items()}
        for name, array in sent.items():
            if not self._context.set_input_shape(name, array.shape):
                raise PlanError(f"the shape {list(array.shape)} of {name} lies outside the plan's profile")
            self._context.set_tensor_address(name, self._stream.send(name, array))
        answers: Tensors = {}
        for name, kind in self._outputs.items():
            answers[name] = np.empty(tuple(self._context.get_tensor_shape(name)), kind)
            self._context.set_tensor_address(name, self._stream.reserve(name, max(answers[name].nbytes, 1)))
        if not self._context.execute_async_v3(self._stream.handle):
            raise PlanError("TensorRT could not run the plan")
        for name in outputs:
            self._stream.fetch(name, answers[name])
        self._stream.wait()  # also keeps what was sent alive until it has arrived
        return {name: answers[name] for name in outputs}

    def close(self) -> None:
        """Keep the compiled kernels for the next start, and free the GPU."""
        if self._cache is not None and self._kernels is not None:
            with suppress(OSError):  # a host without a place for them only starts more slowly
                self._kernels.parent.mkdir(parents=True, exist_ok=True)
                draft = self._kernels.with_suffix(".draft")
                draft.write_bytes(memoryview(self._cache.serialize()))
                draft.replace(self._kernels)
        del self._context
        self._stream.close()

    def _open(self) -> Any:
        config = self._engine.create_runtime_config()
        if self._kernels is not None and hasattr(config, "create_runtime_cache"):
            self._cache = config.create_runtime_cache()
            with suppress(OSError):
                self._cache.deserialize(self._kernels.read_bytes())
            config.set_runtime_cache(self._cache)
        return self._engine.create_execution_context(config)


def _refit(tensorrt: ModuleType, engine: Any, weights: Path, logger: Any) -> None:
    refitter = tensorrt.Refitter(engine, logger)
    if not tensorrt.OnnxParserRefitter(refitter, logger).refit_from_file(str(weights)):
        raise PlanError("the graph beside the plan does not have its weights")
    if not refitter.refit_cuda_engine():
        raise PlanError("the plan could not be filled with its weights")
