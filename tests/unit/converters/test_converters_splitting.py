"""Several instances against one."""

from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest

from converters.engines import onnxruntime, several
from converters.measuring import ROUNDS
from converters.results import Built, Figures
from converters.spec import BuildSpec
from converters.splitting import gain, shapes, splits
from converters.tensors import Tensors
from converters.work import Work
from model_repository.manifest import Engine, EngineSpec, Precision

PACKS = [{"input_ids": np.zeros((4, length), np.int64)} for length in (1, 2, 3)]


class Counter:
    """A model that does nothing, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def run(self, _inputs: Tensors, _outputs: tuple[str, ...]) -> Tensors:
        self.calls += 1
        return {}


class Together(Counter):
    """One that goes on only when the others work as well."""

    def __init__(self, barrier: Barrier) -> None:
        super().__init__()
        self._barrier = barrier

    def run(self, inputs: Tensors, outputs: tuple[str, ...]) -> Tensors:
        self._barrier.wait(timeout=10)
        return super().run(inputs, outputs)


def test_instances_work_side_by_side_on_a_pack_each_for_every_one_of_the_whole() -> None:
    whole, barrier = Counter(), Barrier(2)
    instances = [Together(barrier), Together(barrier)]
    assert gain(whole, instances, PACKS, ()) > 0
    assert whole.calls == (ROUNDS + 1) * len(PACKS)
    assert [one.calls for one in instances] == [whole.calls] * 2


def test_a_failure_of_an_instance_is_told() -> None:
    class Broken(Counter):
        def run(self, inputs: Tensors, outputs: tuple[str, ...]) -> Tensors:
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        gain(Counter(), [Broken()], PACKS, ())


class Packs:
    """What a sampler has for the race."""

    def traffic(self) -> list[Tensors]:
        return PACKS

    singles = traffic


def test_what_cannot_be_opened_several_times_fails_no_build(
    tmp_path: Path,
) -> None:
    spec = BuildSpec(build_id="1", owner="global", name="m", version=1, source="file:m", threads=4)
    nothing: Any = None
    sampler: Any = Packs()
    work = Work(spec, nothing, nothing, nothing, tmp_path, lambda _percent, _message: None)
    engine = onnxruntime.engine_spec(Precision.FP32, 4)
    figures = Figures(texts_per_second=1.0, latency_ms=1.0, memory_mib=1.0)
    fastest = Built(engine=engine, folder="gone", figures=figures)
    (failed,) = splits(work, fastest, Counter(), sampler, ())
    assert failed.engine.instances == 2
    assert "gone/model.onnx" in failed.error
    assert failed.figures is None


def test_instances_have_threads_where_an_engine_has_any() -> None:
    shared = several(onnxruntime.engine_spec(Precision.INT8, 8), 4, 2)
    assert shared == EngineSpec(
        engine=Engine.ONNXRUNTIME,
        precision=Precision.INT8,
        options={"intra_op_thread_count": "2"},
        instances=4,
    )
    assert shared.label == "onnxruntime int8 x 4 of 2 threads"
    assert several(EngineSpec(engine=Engine.TENSORRT, precision=Precision.FP16), 4, 2) is None


def test_two_instances_have_all_threads_or_share_them() -> None:
    assert [*shapes(4)] == [(2, 4), (2, 2), (4, 1)]
    assert [*shapes(1)] == []
