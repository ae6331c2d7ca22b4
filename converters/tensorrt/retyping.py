"""The plain graph in the types that a plan is to compute in, which TensorRT takes at their word.

Its networks are strongly typed: they compute in the types that the graph says. So as in PyTorch's autocast,
the matrix products and convolutions, which are nearly all of the work, get their inputs in 16 bit, and
everything whose sums would lose digits (softmax, normalisation, pooling) stays in fp32. What goes in and out
of the graph keeps its type.

The same rewriting with `imitate` gives a graph of fp32 alone that rounds wherever the typed one would: any
engine can run it, whatever types it knows, and it shows on a CPU what the rounding does to the answers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import ml_dtypes
import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from model_repository.manifest import Precision

PRODUCTS = frozenset({"MatMul", "Gemm", "Conv"})

HALVES = {
    Precision.FP16: (TensorProto.FLOAT16, np.dtype(np.float16)),
    Precision.BF16: (TensorProto.BFLOAT16, np.dtype(ml_dtypes.bfloat16)),
}
"""Types of 16 bit, as ONNX and as numpy say them."""


def retype(model: onnx.ModelProto, precision: Precision, *, imitate: bool) -> None:
    """Give the products of a graph this precision, in place; those of quantised inputs keep theirs.

    Args:
        imitate: keep the types, and only round as they would.

    """
    graph = model.graph
    rewriting = _Rewriting(graph, precision, imitate)
    quantised = {name for node in graph.node if node.op_type == "DequantizeLinear" for name in node.output}
    nodes: list[NodeProto] = []
    for node in graph.node:
        if node.op_type in PRODUCTS and not quantised.intersection(node.input):
            nodes += rewriting.product(node)
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    weights = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(weights)


@dataclass
class _Rewriting:
    graph: onnx.GraphProto
    precision: Precision
    imitate: bool
    done: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._code, self._dtype = HALVES[self.precision]
        self._weights = {tensor.name: tensor for tensor in self.graph.initializer}

    def product(self, node: NodeProto) -> Iterator[NodeProto]:
        """The node on typed inputs, with the casts before and behind it."""
        for position, name in enumerate(node.input):
            if name and name not in self.done:
                self.done[name] = f"{name}_{self.precision}"
                if name in self._weights:
                    self._weight(name)
                else:
                    yield from self._cast(name, self.done[name])
            node.input[position] = self.done.get(name, "")
        result, typed = node.output[0], f"{node.output[0]}_{self.precision}_product"
        node.output[0] = typed
        yield node
        if self.imitate:
            yield from self._cast(typed, result)
        else:
            yield helper.make_node("Cast", [typed], [result], to=TensorProto.FLOAT)

    def _weight(self, name: str) -> None:
        rounded = numpy_helper.to_array(self._weights[name]).astype(self._dtype)
        kept = rounded.astype(np.float32) if self.imitate else rounded
        self.graph.initializer.append(numpy_helper.from_array(kept, self.done[name]))

    def _cast(self, source: str, target: str) -> Iterator[NodeProto]:
        if not self.imitate:
            yield helper.make_node("Cast", [source], [target], to=self._code)
            return
        rounded = f"{target}_rounded"
        yield helper.make_node("Cast", [source], [rounded], to=self._code)
        yield helper.make_node("Cast", [rounded], [target], to=TensorProto.FLOAT)
