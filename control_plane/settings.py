"""What an operator can choose about database, accounts and jobs; loaded by the command, passed in frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from converters.spec import PlanOptions
from model_repository.bounds import (
    LONGEST_SECONDS,
    Bytes,
    BytesOrZero,
    Count,
    CountOrZero,
    SchedulerUrl,
    Seconds,
    SignedSeconds,
    WholeSeconds,
)
from model_repository.manifest import Engine, Precision
from model_repository.nodes import FLAVOURS, InvalidTargetError, Node, check_target
from model_repository.settings import PackageSettings, SandboxLimits

DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg")

YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where the durable truth lives.

    Attributes:
        url: `sqlite+aiosqlite:///PATH`, `postgresql+asyncpg://USER:PASSWORD@HOST/NAME`, or empty for a SQLite
            file in the data folder.

    """

    url: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse databases that nothing here can speak to.

        Raises:
            ValueError: what would be right; the address is left out for the password in it.

        """
        if self.url and self.url.partition("://")[0] not in DRIVERS:
            raise ValueError(f"url has to begin with {' or '.join(f'{driver}://' for driver in DRIVERS)}")


@dataclass(frozen=True, slots=True)
class JobSettings:
    """How conversions run.

    Attributes:
        scheduler: address of a dask scheduler (`tls://HOST:PORT` or `tcp://HOST:PORT`), or None to run jobs
            in the worker process. A remote scheduler's workers must see the data folder under the same path.
        tls_ca_file: certificate authority of a `tls://` scheduler.
        tls_cert_file: this client's certificate.
        tls_key_file: this client's private key.
        resources: what every conversion needs of the job worker that runs it, such as `{"GPU": 1}`.
        gpus: how many GPUs this worker offers to conversions that need one.
        concurrent_builds: how many builds one worker process has under way at a time.
        threads: CPU threads of one conversion and of the engine settings that it publishes.
        packing: whether text models may be served by the backend `openvino_packed`, which computes no
            padding; false where Triton servers have the vendor's own backends only.
        int8_worth: how many times as fast a model has to be in int8 to be published so, for what its
            answers lose; 1 takes the fastest that passes the parity gate.
        memory_bytes: most resident memory that the process tree of one stage may hold.
        stage_seconds: longest time that one stage may take.
        sandbox: what code of a model's author may take.
        packages: where its requirements come from.
        lease_seconds: a running build whose worker has been silent for this long is taken over; a worker
            shows a sign of life twice a second.
        max_losses: how often a build may lose its worker before it fails.
        kept_workspaces: newest builds without success whose stage results are kept for a retry.

    """

    scheduler: SchedulerUrl | None = None
    tls_ca_file: Path | None = None
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    resources: Mapping[str, Annotated[float, Meta(gt=0, le=1_000_000)]] = field(default_factory=dict)
    gpus: CountOrZero = 0
    concurrent_builds: Count = 1
    threads: Count = 2
    packing: bool = True
    int8_worth: Annotated[float, Meta(gt=0, le=1_000_000)] = 1.5
    memory_bytes: Bytes = 8 * 2**30
    stage_seconds: Seconds = 1800
    sandbox: SandboxLimits = field(default_factory=SandboxLimits)
    packages: PackageSettings = field(default_factory=PackageSettings)
    lease_seconds: Annotated[float, Meta(ge=2, le=LONGEST_SECONDS)] = 10
    max_losses: Count = 3
    kept_workspaces: CountOrZero = 5

    def __post_init__(self) -> None:
        """Refuse a scheduler that nobody could speak to.

        Raises:
            ValueError: what is missing.

        """
        files = (self.tls_ca_file, self.tls_cert_file, self.tls_key_file)
        if (self.scheduler or "").startswith("tls://") and None in files:
            raise ValueError("a tls:// scheduler needs tls_ca_file, tls_cert_file and tls_key_file")

    @property
    def offers(self) -> dict[str, float]:
        """Resources that this worker offers to jobs."""
        return {"GPU": self.gpus} if self.gpus else {}


@dataclass(frozen=True, slots=True)
class TensorrtSettings:
    """TensorRT plans that every build makes beside the engines of its own host.

    Attributes:
        targets: compute capabilities of the GPUs to build for, such as `sm89`; empty for no plans.
        flavour: `tensorrt` or `tensorrt_rtx`; left out, the first of them that is installed.
        precisions: tried in this order until one passes the gate and builds: `fp32`, `fp16`, `bf16`, `int8`.
        stripped: leave the weights out of the plans; needs a CUDA driver where they are built.
        lengths: tokens of texts as this site has measured them; left out, those of the samples.
        servers: what the Triton servers run, as `tensorrt:10.13.3.9:sm90` (flavour, version, GPU); left out,
            they have no GPU. Only a plan that was built for exactly that is put into service.
        cache: folder of built plans, under the same path on all workers; left out, `plans` in the data
            folder.
        cache_bytes: most bytes in that folder; the plan that was unused for longest goes first.

    """

    targets: tuple[str, ...] = ()
    flavour: Engine | None = None
    precisions: tuple[Precision, ...] = (Precision.FP16, Precision.BF16, Precision.FP32)
    stripped: bool = False
    lengths: tuple[Count, ...] = ()
    servers: str = ""
    cache: Path | None = None
    cache_bytes: BytesOrZero = 20 * 2**30

    def __post_init__(self) -> None:
        """Refuse what no plan can be built for.

        Raises:
            ValueError: what is wrong, and what would be right.

        """
        try:
            for target in self.targets:
                check_target(target)
            self.node()
        except InvalidTargetError as error:
            raise ValueError(f"{error.message}. {error.hint}") from error
        if self.flavour not in (None, *FLAVOURS):
            raise ValueError(f"{self.flavour} is no flavour of TensorRT: {' or '.join(FLAVOURS)}")
        if not self.precisions:
            raise ValueError("there is no precision to try")

    def node(self) -> Node | None:
        """What the Triton servers are, None without a GPU."""
        return Node.parse(self.servers) if self.servers else None

    def options(self, cache: Path) -> PlanOptions:
        """What a build is told; `cache` counts where no folder is set."""
        return PlanOptions(
            targets=self.targets,
            flavour=self.flavour,
            precisions=self.precisions,
            stripped=self.stripped,
            lengths=self.lengths,
            servers=self.servers,
            cache=str((self.cache or cache).absolute()),
            cache_bytes=self.cache_bytes,
        )


@dataclass(frozen=True, slots=True)
class UploadSettings:
    """What may be uploaded.

    Attributes:
        max_bytes: largest zip; a larger one answers 413.
        url_seconds: how long an upload URL is good for.
        put_seconds: longest time that one upload may take.

    """

    max_bytes: Bytes = 5 * 10**9
    url_seconds: SignedSeconds = 3600
    put_seconds: WholeSeconds = 3600


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """Bounds of keys and logins.

    Attributes:
        key_max_days: longest life of a key in days; None lets keys live for ever.
        session_seconds: life of the key that a login gives.
        logins_per_email: login attempts per minute for one e-mail address; one more answers 429.
        logins_per_address: login attempts per minute from one IP address; one more answers 429.

    """

    key_max_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None
    session_seconds: Annotated[int, Meta(ge=1, le=YEAR_SECONDS)] = 3600
    logins_per_email: Count = 10
    logins_per_address: Count = 60
