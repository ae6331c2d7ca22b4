"""Export: the graphs that the backend `generation` runs, straight to OpenVINO."""

from pathlib import Path

from transformers import logging

from converters.causes import first_line
from converters.generation.subjects import subject_of
from converters.messages import Progress
from converters.results import Exported, Graph
from converters.spec import BuildSpec, ConversionError
from converters.work import Work, each_part
from converters.workspace import Workspace
from model_repository.generation import OUTPUTS


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Exported:
    """Write the graphs and the model's `config.json` beside them."""
    works = each_part(spec, workspace, folder, progress)
    return Exported(parts={work.part.name: _export(work) for work in works})


def _export(work: Work) -> Graph:
    work.folder.mkdir()
    logging.disable_progress_bar()
    work.progress(5, "loading the original")
    subject = subject_of(work)
    model = subject.original()
    work.progress(25, "exporting through transformers.exporters")
    try:
        subject.export(model, work.folder)
    except Exception as error:
        raise ConversionError(
            f"the architecture {work.facts.architecture} cannot be exported: {first_line(str(error))}",
            hint="See the log of the stage; most decoders and text-to-text models can be exported.",
        ) from error
    model.config.save_pretrained(work.folder)
    return Graph(exporter="transformers.exporters", inputs=subject.inputs, outputs=OUTPUTS, max_batch_size=0)
