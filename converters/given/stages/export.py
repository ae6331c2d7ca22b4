"""Export: the graph as it was given, with the pooling that it lacks."""

from pathlib import Path

import onnx

from converters.engines.onnxruntime import save
from converters.given.graph import inputs_of, read_graph
from converters.given.heads import meaning_of
from converters.given.pooling import add_pooling
from converters.inspection.pipeline import read_pipeline
from converters.messages import Progress
from converters.results import Exported, Graph
from converters.spec import BuildSpec
from converters.stages.export import describe, name_axes
from converters.work import Work, each_part
from converters.workspace import Workspace
from model_repository.heads import EmbeddingHead
from model_repository.layout import MODEL_FILES
from model_repository.manifest import Engine


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Exported:
    """Write `model.onnx`."""
    works = each_part(spec, workspace, folder, progress)
    return Exported(parts={work.part.name: _export(work) for work in works})


def _export(work: Work) -> Graph:
    work.folder.mkdir()
    work.progress(10, "reading the graph")
    path = work.source / work.facts.root
    model = read_graph(path)
    if isinstance(work.part.head, EmbeddingHead):
        hidden = meaning_of(model, None, read_pipeline(work.source)).hidden
        if hidden:
            add_pooling(model, hidden, work.part.head)
    onnx.load_external_data_for_model(model, str(path.parent))
    name_axes(model.graph)
    save(model, work.folder / MODEL_FILES[Engine.ONNXRUNTIME])
    if (signature := work.part.signature) is not None:
        return Graph(exporter="given", inputs=signature.inputs, outputs=signature.outputs, max_batch_size=0)
    return Graph(
        exporter="given",
        inputs=tuple(map(describe, inputs_of(model))),
        outputs=tuple(map(describe, model.graph.output)),
    )
