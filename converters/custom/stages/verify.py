"""Verify: the model is loaded in the sandbox that it will serve from, and each of its tasks is tried."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from converters.custom.layout import Loader, read_custom_config
from converters.custom.samples import sample_params
from converters.messages import Progress
from converters.results import Compiled, Verdict, Verified
from converters.spec import BuildSpec, ConversionError, Stage
from converters.work import Work, each_part
from converters.workspace import Workspace
from model_repository import layout
from model_repository.custom import (
    ENVIRONMENT_FOLDER,
    MODEL_FOLDER,
    REPLY,
    TASK_STRINGS,
    Ending,
    Reply,
    call_tensors,
)
from model_repository.manifest import Candidate, Task
from model_repository.probe import write_probe
from model_repository.sandbox.box import model_box
from model_repository.sandbox.errors import SandboxEndedError
from model_repository.sandbox.model import SandboxedModel
from model_repository.sandbox.output import Quota

LOG_BYTES = 1 << 22


def run(spec: BuildSpec, workspace: Workspace, folder: Path, progress: Progress) -> Verified:
    """Try all tasks; the first one becomes the stored sample."""
    (work,) = each_part(spec, workspace, folder, progress)
    details = read_custom_config(work.source).details
    samples = {task: sample_params(task, details) for task in work.part.tasks}
    (built,) = workspace.result(Stage.COMPILE, Compiled).parts[work.part.name]
    model = _open(work, work.of(Stage.COMPILE) / built.folder)
    try:
        progress(5, "loading the model")
        _load(model, work.facts.architecture)
        results = [
            _try(model, task, params, progress, 20 + 80 * number / len(samples))
            for number, (task, params) in enumerate(samples.items())
        ]
    finally:
        model.close()
    work.folder.mkdir(exist_ok=True)
    task, params = next(iter(samples.items()))
    reply = Reply(ending=Ending.ANSWERED, result=msgspec.Raw(results[0]))
    expected = {REPLY: np.array([msgspec.json.encode(reply)], np.object_)}
    write_probe(work.folder / layout.PROBE, call_tensors(task, msgspec.json.encode(params)), expected)
    verdict = Verdict(folder=built.folder, candidates=(Candidate(engine=built.engine, chosen=True),))
    return Verified(parts={work.part.name: verdict})


def _open(work: Work, folder: Path) -> SandboxedModel:
    environment = folder / ENVIRONMENT_FOLDER
    box = model_box(
        work.facts.architecture,
        folder / MODEL_FOLDER,
        environment if environment.is_dir() else None,
        work.spec.sandbox,
    )
    return SandboxedModel(box, Quota(LOG_BYTES, sys.stderr.buffer))


def _load(model: SandboxedModel, loader: str) -> None:
    try:
        model.load()
    except SandboxEndedError as error:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        hint = (
            f"It must load under Python {version} with the packages of requirements.txt alone, without a "
            "network; dill writes code for the Python version that it runs on, so use the same."
            if loader == Loader.PICKLE
            else f"load_model must work under Python {version} with the packages of requirements.txt alone, "
            "without a network."
        )
        raise ConversionError(f"{loader} cannot be loaded: {error.message}", hint=hint) from error


def _try(
    model: SandboxedModel, task: Task, params: Mapping[str, Any], progress: Progress, percent: float
) -> bytes:
    name = TASK_STRINGS[task]
    progress(percent, f"trying the task {name}")
    sent = msgspec.json.encode(params)
    try:
        return model.call(name, sent)
    except SandboxEndedError as error:
        raise ConversionError(
            f"the task {name} fails: {error.message}",
            hint=f"It is called with {sent.decode()[:300]} and must return what JSON can hold; declare only "
            "what the model does, or give a request that it takes in config.json, details.samples.",
        ) from error
