"""Runs a packed graph with OpenVINO: a padded batch in, the answers of a plain graph out."""

from collections.abc import Sequence

import numpy as np
import openvino
from numpy.typing import NDArray

from model_repository.backends.packing import MASK, Layout, Tensors


class PackedRunner:
    """One at a time. The graph's inputs are those of `converters.families.packed`.

    Outputs whose second axis is dynamic have one row a token, all others one row a text.
    """

    def __init__(self, model: openvino.CompiledModel) -> None:
        self._request = model.create_infer_request()
        self._inputs = {name for port in model.inputs for name in port.names}
        by_token = (port for port in model.outputs if port.partial_shape[1].is_dynamic)
        self._by_token = {name for port in by_token for name in port.names}

    def run(self, inputs: Tensors, outputs: Sequence[str]) -> Tensors:
        """These outputs, copied out of the engine's own memory.

        Args:
            inputs: each `[texts, length]`, `attention_mask` among them.

        """
        layout = Layout.of(inputs[MASK])
        packed = {name: array for name, array in layout.inputs(inputs).items() if name in self._inputs}
        self._request.infer(packed, share_inputs=True, share_outputs=True)
        return {name: self._output(layout, name) for name in outputs}

    def _output(self, layout: Layout, name: str) -> NDArray[np.generic]:
        answer = layout.output(self._request.get_tensor(name).data, by_token=name in self._by_token)
        return answer.copy()
