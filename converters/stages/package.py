"""Package: the finished entry, exactly as it goes into the model repository."""

import os
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from converters.messages import Progress
from converters.results import Exported, Fetched, Inspected, Packaged, Verified
from converters.spec import BuildSpec, Stage
from converters.workspace import Workspace
from model_repository import layout
from model_repository.config import model_config, to_pbtxt
from model_repository.heads import EmbeddingHead
from model_repository.manifest import Manifest, ParityReport, SourceRecord, TokenizerSpec, encode

MAX_BATCH_SIZE = 64
"""Most rows of one request; beyond 32 rows a CPU gains nothing, and 64 leaves room for faster hosts."""

TOOLS = ("torch", "transformers", "onnx", "onnxscript", "onnxruntime", "openvino", "tokenizers", "trireme")


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Packaged:
    """Write the entry's folder."""
    verified = workspace.result(Stage.VERIFY, Verified)
    chosen = verified.chosen
    if chosen.parity is None:
        raise AssertionError("a candidate was chosen without a parity report")
    manifest = _manifest(spec, workspace, verified, chosen.parity)
    entry = folder / manifest.entry
    graph = (entry / layout.model_path(manifest)).parent
    graph.mkdir(parents=True)
    progress(20, "laying out the entry")
    for file in (workspace.folder(Stage.COMPILE) / verified.folder).iterdir():
        os.link(file, graph / file.name)
    (entry / layout.TOKENIZER).parent.mkdir()
    shutil.copyfile(workspace.folder(Stage.INSPECT) / "tokenizer.json", entry / layout.TOKENIZER)
    shutil.copyfile(workspace.folder(Stage.VERIFY) / layout.PROBE, entry / layout.PROBE)
    progress(80, "writing the manifest")
    (entry / layout.CONFIG).write_text(to_pbtxt(model_config(manifest)))
    (entry / layout.MANIFEST).write_bytes(encode(manifest))
    return Packaged(entries=(manifest.entry,))


def _manifest(spec: BuildSpec, workspace: Workspace, verified: Verified, parity: ParityReport) -> Manifest:
    fetched = workspace.result(Stage.FETCH, Fetched)
    facts = workspace.result(Stage.INSPECT, Inspected)
    exported = workspace.result(Stage.EXPORT, Exported)
    return Manifest(
        owner=spec.owner,
        name=spec.name,
        version=spec.version,
        tasks=(facts.task,),
        source=SourceRecord(uri=fetched.uri, digest=fetched.digest, architecture=facts.architecture),
        engine=verified.chosen.engine,
        inputs=exported.inputs,
        outputs=exported.outputs,
        max_batch_size=MAX_BATCH_SIZE,
        tokenizer=TokenizerSpec(
            path=layout.TOKENIZER,
            max_length=facts.max_length,
            pad_id=facts.pad_id,
            pad_token=facts.pad_token,
        ),
        head=EmbeddingHead(
            output=exported.answer,
            dimensions=facts.dimensions,
            pooling=facts.pooling,
            normalise=facts.normalise,
        ),
        parity=parity,
        candidates=verified.candidates,
        tools={tool: version(tool) for tool in TOOLS},
        created_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
