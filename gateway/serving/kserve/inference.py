"""One call of the protocol: named, checked, metered, sent to a version, written."""

from dataclasses import replace

import numpy as np

from control_plane.catalog import Key, Provider
from gateway.serving.dispatch import Dispatcher, Request
from gateway.serving.kserve.naming import Target, find
from gateway.serving.kserve.reading import Message, read_inputs, wanted
from gateway.serving.kserve.writing import Written, write
from gateway.serving.metering.call import current_call
from gateway.serving.metering.meter import Meter
from gateway.serving.snapshots import Snapshots
from gateway.serving.tokenization import Tokenizers
from gateway.serving.triton import TritonPool
from model_repository.errors import RefusedInputError, UnfitInputError
from model_repository.manifest import Manifest
from model_repository.tensors import Array

IDS, MASK = "input_ids", "attention_mask"
FLAGS = (0, 1)
"""What stands beside tokens: which of them count, and which of two texts they belong to."""


class TensorInference:
    """Any graph that answers one request by one response; each request is a ModelInfer of its own."""

    def __init__(
        self,
        snapshots: Snapshots,
        meter: Meter,
        dispatcher: Dispatcher,
        tokenizers: Tokenizers,
        triton: TritonPool,
    ) -> None:
        self._snapshots = snapshots
        self._meter = meter
        self._dispatcher = dispatcher
        self._tokenizers = tokenizers
        self._triton = triton

    def find(self, caller: Key, name: str, version: str | None) -> Target:
        """See `gateway.serving.kserve.naming.find`."""
        return find(self._snapshots.current, caller, name, version)

    async def ready(self, caller: Key, name: str, version: str | None) -> bool:
        """Whether a server can run the model now.

        Raises:
            TriremeError: see `find`.

        """
        return await self._triton.holds(self.find(caller, name, version).providers[0])

    async def infer(self, caller: Key, name: str, version: str | None, message: Message) -> Written:
        """The answer to a request.

        Raises:
            RefusedInputError: the tensors are not those that the graph takes.
            TriremeError: see `find`, `Meter.call`, `Dispatcher.run` and `TritonPool.infer`.

        """
        with self._snapshots.lease() as catalog:
            target = find(catalog, caller, name, version)
            graph = target.graph
            inputs, outputs = read_inputs(message, graph), wanted(message, graph)
            self._check_ids(graph, inputs)
            tokens = _tokens(inputs)

            async def work(provider: Provider) -> tuple[Array, ...]:
                if tokens and (current := current_call()) is not None:
                    current.read(tokens)
                try:
                    found = await self._triton.infer(provider, target.of(provider), inputs, outputs)
                except UnfitInputError:
                    raise RefusedInputError(
                        f"model {graph.name} cannot compute with the values of these inputs",
                        hint="An index may lie beyond what it points into.",
                    ) from None
                return tuple(found[output] for output in outputs)

            task = graph.tasks[0]
            router = target.router
            if version is not None:
                router = replace(router, providers=target.providers)
            request = Request(catalog, router, task, target.providers, caller.principal.priority)
            async with self._meter.call(caller, router, task, (), tokens=tokens) as call:
                arrays = await self._dispatcher.run(request, call.noting(work), copied=work)
                assert call.provider is not None
                served = target.of(call.provider).version
                return write(message.request, name, served, dict(zip(outputs, arrays, strict=True)))

    def _check_ids(self, graph: Manifest, inputs: dict[str, Array]) -> None:
        """A graph fails as a whole on ids that it does not know, which would look like its own fault."""
        if graph.tokenizer is None or IDS not in inputs:
            return
        size = self._tokenizers.tokenizer(graph).get_vocab_size()
        ids = inputs[IDS]
        if ids.min() < 0 or ids.max() >= size:
            raise RefusedInputError(f"input {IDS} must hold tokens of model {graph.name}: 0 to {size - 1}")
        for name in inputs.keys() - {IDS}:
            if not np.isin(inputs[name], FLAGS).all():
                raise RefusedInputError(f"input {name} must hold 0 and 1 alone")


def _tokens(inputs: dict[str, Array]) -> int:
    """Tokens that are to be read, padding left out where the caller says which that is."""
    if MASK in inputs:
        return int(np.count_nonzero(inputs[MASK]))
    return inputs[IDS].size if IDS in inputs else 0
