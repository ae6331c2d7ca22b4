"""What the hot path may import, and what a gateway process may load."""

import subprocess
import sys

import grimp

LOWER = ("control_plane", "converters", "model_repository")
ALLOWED = {
    "control_plane.catalog",
    "control_plane.deployments.exposure",
    "control_plane.deployments.tally",
    "control_plane.errors",
    "control_plane.routers.kinds",
    "control_plane.routers.measures",
    "control_plane.usage.records",
    "model_repository.audio",
    "model_repository.backends.packing",
    "model_repository.bounds",
    "model_repository.client",
    "model_repository.custom",
    "model_repository.errors",
    "model_repository.generation",
    "model_repository.heads",
    "model_repository.http_client",
    "model_repository.manifest",
    "model_repository.tensors",
    "model_repository.vocabulary",
}


def test_the_hot_path_imports_little_from_below() -> None:
    graph = grimp.build_graph("gateway", *LOWER)
    imported = {
        target
        for module in graph.find_descendants("gateway.serving")
        for target in graph.find_modules_directly_imported_by(module)
    }
    assert {name for name in imported if name.startswith(LOWER)} == ALLOWED


def loaded_by(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_hot_path_knows_no_orm() -> None:
    assert not loaded_by("gateway.serving.engine") & {"sqlmodel", "sqlalchemy", "alembic", "litestar"}


def test_a_gateway_loads_nothing_that_only_conversions_need() -> None:
    heavy = {"torch", "transformers", "onnx", "onnxruntime", "openvino", "distributed", "dask", "pandas"}
    assert not {name.partition(".")[0] for name in loaded_by("gateway.app")} & {*heavy, "huggingface_hub"}


def test_a_gateway_that_traces_nothing_loads_no_opentelemetry() -> None:
    assert "opentelemetry" not in {name.partition(".")[0] for name in loaded_by("gateway.app")}
