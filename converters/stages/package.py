"""Package: the finished entries, exactly as they go into the model repository."""

import os
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from converters.messages import Progress
from converters.results import Exported, Fetched, Packaged, Verified
from converters.spec import BuildSpec, Stage
from converters.work import Work, each_part
from converters.workspace import Workspace
from model_repository import layout
from model_repository.config import model_config, to_pbtxt
from model_repository.manifest import Manifest, SourceRecord, encode

TOOLS = ("torch", "transformers", "onnx", "onnxscript", "onnxruntime", "openvino", "tokenizers", "trireme")


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Packaged:
    """Write the entry of every part."""
    works = each_part(spec, workspace, folder, progress)
    return Packaged(entries=tuple(_package(work, folder) for work in works))


def _package(work: Work, folder: Path) -> str:
    manifest = _manifest(work)
    entry = folder / manifest.entry
    graph = (entry / layout.model_path(manifest)).parent
    graph.mkdir(parents=True)
    work.progress(20, "laying out the entry")
    chosen = work.workspace.result(Stage.VERIFY, Verified).parts[work.part.name].folder
    shutil.copytree(work.of(Stage.COMPILE) / chosen, graph, copy_function=os.link, dirs_exist_ok=True)
    if work.spec.plans.targets and manifest.max_batch_size:
        _keep_graph(work, entry)
    if manifest.tokenizer is not None:
        target = entry / manifest.tokenizer.path
        target.parent.mkdir()
        shutil.copyfile(work.tokenizer, target)
    shutil.copyfile(work.of(Stage.VERIFY) / layout.PROBE, entry / layout.PROBE)
    work.progress(80, "writing the manifest")
    (entry / layout.CONFIG).write_text(to_pbtxt(model_config(manifest)))
    (entry / layout.MANIFEST).write_bytes(encode(manifest))
    return manifest.entry


def _keep_graph(work: Work, entry: Path) -> None:
    folder = (entry / layout.GRAPH).parent
    folder.mkdir()
    for file in work.of(Stage.EXPORT).iterdir():
        os.link(file, folder / file.name)


def _manifest(work: Work) -> Manifest:
    spec, part = work.spec, work.part
    fetched = work.workspace.result(Stage.FETCH, Fetched)
    graph = work.workspace.result(Stage.EXPORT, Exported).parts[part.name]
    verdict = work.workspace.result(Stage.VERIFY, Verified).parts[part.name]
    chosen = verdict.chosen
    return Manifest(
        owner=spec.owner,
        name=spec.name,
        version=spec.version,
        part=part.name,
        tasks=part.tasks,
        head=part.head,
        source=SourceRecord(uri=fetched.uri, digest=fetched.digest, architecture=work.facts.architecture),
        engine=chosen.engine,
        inputs=graph.inputs,
        outputs=graph.outputs,
        max_batch_size=graph.max_batch_size,
        tokenizer=part.tokenizer,
        image=part.image,
        parity=chosen.parity,
        candidates=verdict.candidates,
        tools={tool: version(tool) for tool in TOOLS},
        created_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
