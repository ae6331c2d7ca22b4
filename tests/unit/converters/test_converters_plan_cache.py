"""The key of a plan, and the cache that goes by it."""

import os
from pathlib import Path

import pytest

from converters.tensorrt.cache import PlanCache, plan_spec
from model_repository.manifest import Engine, Precision
from model_repository.nodes import Node
from model_repository.plans import PlanSpec, ShapeRange

NODE = Node(Engine.TENSORRT_RTX, "1.7.1.116", "sm89")
PROFILE = {"input_ids": ShapeRange(min=(1, 1), opt=(16, 32), max=(64, 128))}


@pytest.fixture
def typed(tmp_path: Path) -> Path:
    path = tmp_path / "graph/model.onnx"
    path.parent.mkdir()
    path.write_bytes(b"a graph")
    return path


def key(typed: Path, node: Node = NODE, **changes: object) -> str:
    given = {"precision": Precision.FP16, "profile": PROFILE, "stripped": False} | changes
    return plan_spec(typed, node=node, **given).key


def test_the_same_build_has_the_same_key(typed: Path) -> None:
    assert key(typed) == key(typed)
    assert len(key(typed)) == 64


def test_all_that_a_plan_depends_on_changes_its_key(typed: Path) -> None:
    wider = {"input_ids": ShapeRange(min=(1, 1), opt=(16, 32), max=(64, 256))}
    keys = {
        key(typed),
        key(typed, NODE._replace(version="1.8.0.1")),
        key(typed, NODE._replace(compute_capability="sm120")),
        key(typed, NODE._replace(engine=Engine.TENSORRT)),
        key(typed, precision=Precision.BF16),
        key(typed, profile=wider),
        key(typed, stripped=True),
    }
    typed.write_bytes(b"another graph")
    keys.add(key(typed))
    typed.with_name("model.onnx.data").write_bytes(b"weights")
    keys.add(key(typed))
    assert len(keys) == 9


def spec(name: str) -> PlanSpec:
    return PlanSpec(key=name, version="1", compute_capability="sm89", profile={})


def test_a_plan_is_built_once(tmp_path: Path) -> None:
    cache, built = PlanCache(tmp_path / "plans", 100), []

    def build() -> bytes:
        built.append(1)
        return b"plan"

    assert cache.get(spec("a"), build).read_bytes() == b"plan"
    assert PlanCache(tmp_path / "plans", 100).get(spec("a"), build).read_bytes() == b"plan"
    assert len(built) == 1


def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    cache = PlanCache(tmp_path / "plans", 100)

    def fail() -> bytes:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        cache.get(spec("a"), fail)
    assert not list(tmp_path.rglob("*"))


def test_beyond_its_size_the_plan_that_was_not_asked_for_longest_goes(tmp_path: Path) -> None:
    cache = PlanCache(tmp_path, 25)
    for age, name in ((300, "a"), (200, "b")):
        cache.get(spec(name), lambda: bytes(10))
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    cache.get(spec("a"), lambda: b"")  # asked for again, so younger than b now
    cache.get(spec("c"), lambda: bytes(10))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c"]


def test_a_plan_larger_than_the_cache_is_kept_until_the_next(tmp_path: Path) -> None:
    assert PlanCache(tmp_path, 1).get(spec("a"), lambda: bytes(10)).is_file()
