"""What an operator can choose about the database and the jobs; loaded by the command, passed in frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from model_repository.settings import PackageSettings, SandboxLimits


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where the durable truth lives.

    Attributes:
        url: `sqlite+aiosqlite:///PATH`, `postgresql+asyncpg://USER:PASSWORD@HOST/NAME`, or empty for a SQLite
            file in the data folder.

    """

    url: str = ""


@dataclass(frozen=True, slots=True)
class JobSettings:
    """How conversions run.

    Attributes:
        scheduler: address of a dask scheduler (`tls://HOST:PORT` or `tcp://HOST:PORT`), or None to run jobs
            in the worker process. A remote scheduler's workers must see the data folder under the same path.
        tls_ca_file: certificate authority of a `tls://` scheduler.
        tls_cert_file: this client's certificate.
        tls_key_file: this client's private key.
        resources: what a conversion needs of the dask worker that runs it, such as `{"GPU": 1}`.
        concurrent_builds: how many builds one worker process has under way at a time.
        threads: CPU threads of one conversion and of the engine settings that it publishes.
        memory_bytes: most resident memory that the process tree of one stage may hold.
        stage_seconds: longest time that one stage may take.
        sandbox: what code of a model's author may take.
        packages: where its requirements come from.
        lease_seconds: a running build whose worker has been silent for this long is taken over.
        max_losses: how often a build may lose its worker before it fails.

    """

    scheduler: str | None = None
    tls_ca_file: Path | None = None
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    resources: Mapping[str, float] = field(default_factory=dict)
    concurrent_builds: int = 1
    threads: int = 2
    memory_bytes: int = 8 * 2**30
    stage_seconds: float = 1800
    sandbox: SandboxLimits = field(default_factory=SandboxLimits)
    packages: PackageSettings = field(default_factory=PackageSettings)
    lease_seconds: float = 10
    max_losses: int = 3
