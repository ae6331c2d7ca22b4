"""A repository that publishes versions of tiny models for either engine."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import onnx
import openvino
import tiny_encoder

from model_repository import layout
from model_repository.config import model_config, to_pbtxt
from model_repository.manifest import Engine, Manifest, encode
from model_repository.probe import write_probe
from model_repository.storage import FolderStorage
from model_repository.tensors import Array

ENGINES = (Engine.ONNXRUNTIME, Engine.OPENVINO)
"""Those that run a graph as it is."""


@dataclass(frozen=True)
class TinyModel:
    """A graph, a sample for it, and what numpy computes for the output that callers want."""

    graph: onnx.ModelProto
    sample: dict[str, Array]
    output: str
    reference: Callable[[dict[str, Array]], Array]


ENCODER = TinyModel(
    tiny_encoder.graph(), tiny_encoder.sample(3, 7), "sentence_embedding", tiny_encoder.reference
)

PACKED_ENCODER = replace(ENCODER, graph=tiny_encoder.packed_graph())


@dataclass(frozen=True)
class Repository:
    """Storage that makes and publishes tiny models."""

    storage: FolderStorage
    workspace: Path

    def publish(
        self,
        manifest: Manifest,
        model: TinyModel = ENCODER,
        *,
        expected: Callable[[dict[str, Array]], Array] | None = None,
        spoil: Callable[[Path], None] = lambda path: None,
    ) -> Manifest:
        """Publish a version.

        Args:
            expected: what the stored sample claims to be right, if not what is.
            spoil: is called with the graph's file before it is published.

        """
        folder = self.workspace / manifest.entry
        path = folder / layout.model_path(manifest)
        path.parent.mkdir(parents=True)
        if path.suffix == ".xml":
            source = self.workspace / "tiny.onnx"
            onnx.save(model.graph, source)
            openvino.save_model(openvino.Core().read_model(source), path, compress_to_fp16=False)
        else:
            onnx.save(model.graph, path)
        spoil(path)
        if manifest.tokenizer is not None:
            (folder / "tokenizer").mkdir()
            (folder / layout.TOKENIZER).write_text("{}")
        (folder / layout.MANIFEST).write_bytes(encode(manifest))
        (folder / layout.CONFIG).write_text(to_pbtxt(model_config(manifest)))
        right = (expected or model.reference)(model.sample)
        write_probe(folder / layout.PROBE, model.sample, {model.output: right})
        self.storage.publish(folder, manifest)
        return manifest
