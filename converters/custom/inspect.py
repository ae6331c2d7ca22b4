"""What a model of its author's own code says that it does."""

from pathlib import Path

from converters.custom.layout import read_custom_config
from converters.results import Inspected, Part
from converters.spec import BuildSpec, ConversionError
from model_repository.custom import PARAMS, TASK, TASK_STRINGS
from model_repository.heads import CustomHead
from model_repository.sandbox.check import require_sandbox

STAGES = "converters.custom.stages"


def inspect_custom(spec: BuildSpec, source: Path) -> Inspected:
    """The one part of such a model; none of its code is run.

    Raises:
        ConversionError: a file is missing or says something impossible, or the tasks are not those asked for.
        SandboxUnavailableError: this machine cannot run code of strangers.

    """
    require_sandbox()
    config = read_custom_config(source)
    declared = tuple(task for task, name in TASK_STRINGS.items() if name in config.tasks)
    if missing := sorted(set(spec.tasks) - set(declared)):
        raise ConversionError(
            f"the model does not declare the task {TASK_STRINGS.get(missing[0], missing[0])}",
            hint="Name it in config.json under tasks, or do not ask for it.",
        )
    head = CustomHead(load_seconds=spec.sandbox.load_seconds, call_seconds=spec.sandbox.call_seconds)
    tasks = spec.tasks or declared
    return Inspected(
        root="",
        architecture=config.loader,
        family="custom",
        stages=STAGES,
        parts=(Part(tasks=tasks, head=head, inputs=(TASK, PARAMS)),),
    )
