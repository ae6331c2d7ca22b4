"""What goes into a build and what comes out: plain data that travels to job workers and child processes."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from model_repository.errors import TriremeError
from model_repository.manifest import Engine, Precision, Task
from model_repository.settings import PackageSettings, SandboxLimits


class Stage(StrEnum):
    """The stages of a conversion in order; publishing and loading follow in the control plane."""

    FETCH = "fetch"
    INSPECT = "inspect"
    EXPORT = "export"
    OPTIMISE = "optimise"
    COMPILE = "compile"
    VERIFY = "verify"
    PACKAGE = "package"


class PlanOptions(msgspec.Struct, frozen=True, kw_only=True):
    """TensorRT plans to build beside the engines of this host.

    Attributes:
        targets: compute capabilities of the GPUs, such as `sm89`; empty for no plans.
        flavour: of TensorRT; None for `tensorrt` where it is installed, else `tensorrt_rtx`.
        precisions: in the order in which they are tried; the first that passes and builds is taken.
        stripped: leave the weights out of the plan.
        lengths: tokens of texts as the site has measured them; empty for those of the samples.
        servers: what the site's Triton servers run, as `tensorrt:10.13.3.9:sm90`; empty for no GPU. Only a
            plan that was built for exactly that may serve.
        cache: folder of plans that earlier builds have made.
        cache_bytes: most that it may hold.

    """

    targets: tuple[str, ...] = ()
    flavour: Engine | None = None
    precisions: tuple[Precision, ...] = (Precision.FP16, Precision.BF16, Precision.FP32)
    stripped: bool = False
    lengths: tuple[int, ...] = ()
    servers: str = ""
    cache: str = ""
    cache_bytes: int = 20 * 2**30


NO_PLANS = PlanOptions()


class BuildSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One conversion.

    Attributes:
        build_id: names the workspace and the job.
        source: `hf:org/name@revision`, `file:PATH`, `wheel:package==version#path/inside` or `upload:ID`.
        sha256: expected digest of a wheel or an upload, or None where the source kind has its own check.
        archive: path of the zip of an `upload:` source, which only those who run builds know how to get.
        tasks: what the model is to do; empty to let inspection find out.
        plans: TensorRT plans that are wanted too.
        threads: CPU threads for the engines that are measured and for the published configuration.
        packing: whether text models may be served by the backend `openvino_packed`.
        int8_worth: how many times as fast int8 has to be to be published.
        memory_bytes: most resident memory that a stage's process tree may hold.
        stage_seconds: longest time that one stage may take.
        sandbox: what code of the model's author may take, at build time and when it serves.
        packages: where its requirements come from.
        resources: what a job worker must offer to run it, such as `{"GPU": 1}`.

    """

    build_id: str
    owner: str
    name: str
    version: int
    source: str
    sha256: str | None = None
    archive: str = ""
    tasks: tuple[Task, ...] = ()
    plans: PlanOptions = NO_PLANS
    threads: int = 2
    packing: bool = True
    int8_worth: float = 1.5
    memory_bytes: int = 8 * 2**30
    stage_seconds: float = 1800
    sandbox: SandboxLimits = SandboxLimits()
    packages: PackageSettings = PackageSettings()
    resources: dict[str, float] = {}


class StageStatus(StrEnum):
    """Life of a stage."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class StageEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a running build reports.

    Attributes:
        percent: 0 to 100 within this stage.
        message: what is being done, or the one-line cause of a failure.
        hint: what to do about a failure, or an empty string.
        log: path of the stage's log file, on the host that runs it.
        output: what has been added to the log since the event before.
        reproduce: shell command that runs this stage again by itself.
        seconds: time since the stage's start.

    """

    build_id: str
    stage: Stage
    status: StageStatus
    percent: float
    message: str = ""
    hint: str = ""
    log: str = ""
    output: str = ""
    reproduce: str = ""
    seconds: float = 0.0


Report = Callable[[StageEvent], None]
"""Takes an event; called from the thread that runs the build; must not block for long."""

Cancelled = Callable[[], bool]
"""Asked a few times a second; true ends the running stage and the build."""


class ConversionError(TriremeError):
    """A build cannot go on; `message` is its one-line cause."""

    status = 422
    code = "conversion_failed"

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes with the hint."""
        return (_rebuild, (type(self), self.message, self.hint))


def _rebuild(kind: type[ConversionError], message: str, hint: str) -> ConversionError:
    return kind(message, hint=hint)


class BuildCancelledError(ConversionError):
    """The build was cancelled."""

    code = "build_cancelled"
