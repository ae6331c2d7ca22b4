"""Builds a plan from a typed graph; TensorRT-RTX does so for a GPU that is not there."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converters.causes import first_line
from converters.spec import ConversionError
from converters.tensorrt import flavours
from model_repository.manifest import Engine
from model_repository.nodes import Node
from model_repository.plans import ShapeRange

logger = logging.getLogger(__name__)


def check_node(node: Node, *, stripped: bool) -> None:
    """Tell what cannot be built on this machine before TensorRT tells it in its own words.

    Raises:
        ConversionError: a plan for this node, or one without weights.

    """
    here = flavours.here(node.engine)
    if node.engine is Engine.TENSORRT and node != here:
        raise ConversionError(
            f"TensorRT builds only for the GPU that it runs on, and that is {here or 'none'}",
            hint="Build on such a host: `--gpu 1` sends a build to a worker with a GPU.",
        )
    if node.engine is Engine.TENSORRT_RTX:
        known = _capabilities(flavours.module(node.engine))
        if node.compute_capability not in known:
            raise ConversionError(
                f"TensorRT-RTX does not build for {node.compute_capability}, only for {', '.join(known)}",
                hint="Data-centre GPUs need `tensorrt`, installed on a host with that GPU.",
            )
    if stripped and node.engine is Engine.TENSORRT:
        raise ConversionError(
            "Triton's own TensorRT backend cannot fill in the weights of a stripped plan",
            hint="Switch tensorrt.stripped off.",
        )
    if stripped and here is None:
        raise ConversionError(
            "TensorRT leaves out weights only with a CUDA driver at hand, and here is none",
            hint="Build on a host with a GPU, or switch tensorrt.stripped off.",
        )


def build_plan(
    typed: Path, node: Node, profile: Mapping[str, ShapeRange], *, stripped: bool, timings: Path
) -> bytes:
    """The serialised plan of a typed graph.

    Args:
        timings: file in which TensorRT keeps how fast each kernel was on this GPU, so that the next build of
            a like graph is quick. TensorRT-RTX times nothing when it builds.

    Raises:
        ConversionError: TensorRT refuses the graph.

    """
    trt = flavours.module(node.engine)
    log = _log_of(trt)
    builder = trt.Builder(log)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, log)
    if not parser.parse_from_file(str(typed)):
        raise ConversionError(f"TensorRT cannot read the graph: {log.cause}")
    config = builder.create_builder_config()
    config.clear_flag(trt.BuilderFlag.TF32)  # fp32 is what the graph says, not ten bits of it
    if stripped:
        config.set_flag(trt.BuilderFlag.STRIP_PLAN)
        config.set_flag(trt.BuilderFlag.REFIT_IDENTICAL)
    if node.engine is Engine.TENSORRT_RTX:
        config.num_compute_capabilities = 1
        config.set_compute_capability(_capabilities(trt)[node.compute_capability], 0)
    config.add_optimization_profile(_profile(builder, network, profile))
    if node.engine is Engine.TENSORRT:
        known = timings.read_bytes() if timings.is_file() else b""
        config.set_timing_cache(config.create_timing_cache(known), False)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise ConversionError(f"TensorRT cannot build the graph: {log.cause}")
    if node.engine is Engine.TENSORRT:
        timings.parent.mkdir(parents=True, exist_ok=True)
        timings.write_bytes(memoryview(config.get_timing_cache().serialize()))
    return bytes(memoryview(plan))


def _capabilities(trt: Any) -> dict[str, Any]:
    members = trt.ComputeCapability.__members__
    return {name.lower(): value for name, value in members.items() if name.startswith("SM")}


def _profile(builder: Any, network: Any, shapes: Mapping[str, ShapeRange]) -> Any:
    profile = builder.create_optimization_profile()
    for index in range(network.num_inputs):
        name = network.get_input(index).name
        profile.set_shape(name, shapes[name].min, shapes[name].opt, shapes[name].max)
    return profile


def _log_of(trt: Any) -> Any:
    """A logger of the flavour's own kind that passes lines on, and keeps the first error: it is the cause."""

    class Log(trt.ILogger):  # type: ignore[misc]  # a class of the flavour at hand
        def __init__(self) -> None:
            super().__init__()
            self.cause = "it does not say why; see the log of the stage"
            self._failed = False

        def log(self, severity: Any, message: str) -> None:
            """Called by TensorRT, from its own threads too."""
            if severity > trt.Logger.WARNING:
                return
            logger.warning("TensorRT: %s", message)
            if severity <= trt.Logger.ERROR and not self._failed:
                self.cause, self._failed = first_line(message), True

    return Log()
