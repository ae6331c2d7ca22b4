"""Every setting of every part, typed, in one place; `trireme.sources` loads them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from control_plane.settings import (
    AccountSettings,
    DatabaseSettings,
    JobSettings,
    TensorrtSettings,
    UploadSettings,
)
from gateway.settings import GatewaySettings
from model_repository.errors import TriremeError
from model_repository.settings import S3Settings, TritonSettings

LEVELS = ("debug", "info", "warning", "error")


class SettingsError(TriremeError):
    """A setting is unknown or has a value that cannot be used."""

    status = 400
    code = "bad_setting"


@dataclass(frozen=True)
class LogSettings:
    """Where log lines go.

    Attributes:
        level: least severe level that is logged: `debug`, `info`, `warning` or `error`.
        file: file for log lines, rotated at 20 MB, three kept; empty for standard error.
        json: write one JSON object per line; otherwise columns for people.

    """

    level: str = "info"
    file: str = ""
    json: bool = True

    def __post_init__(self) -> None:
        """Refuse a level that there is not.

        Raises:
            ValueError: the levels that there are.

        """
        if self.level.lower() not in LEVELS:
            raise ValueError(f"level has to be one of {', '.join(LEVELS)}, not {self.level}")


@dataclass(frozen=True)
class Settings:
    """Everything that can be set.

    Attributes:
        data: folder of all state of the embedded default: database, model repository, builds, logs.
        catalogue: `starter`, `full`, `none` or the path of a TOML file with models.
        root_key: the root account's key, at least 16 characters; empty to make one at first start.
        secret_keys: keys that encrypt the stored secrets of providers elsewhere, newest first; empty to make
            one at first start.
        insecure: take a shorter root key, such as `changeme`, for a trial that nobody else can reach.

    """

    data: Path = Path("data")
    catalogue: str = "starter"
    root_key: str = field(default="", repr=False)
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    insecure: bool = False
    log: LogSettings = field(default_factory=LogSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    triton: TritonSettings = field(default_factory=TritonSettings)
    s3: S3Settings = field(default_factory=S3Settings)
    jobs: JobSettings = field(default_factory=JobSettings)
    tensorrt: TensorrtSettings = field(default_factory=TensorrtSettings)
    uploads: UploadSettings = field(default_factory=UploadSettings)
    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    accounts: AccountSettings = field(default_factory=AccountSettings)

    lock_file: ClassVar[str] = "serve.lock"

    @property
    def database_url(self) -> str:
        """Configured database, or SQLite in the data folder."""
        return self.database.url or self.embedded_database_url

    @property
    def embedded_database_url(self) -> str:
        """SQLite in the data folder."""
        return f"sqlite+aiosqlite:///{self.data.absolute() / 'trireme.db'}"

    @property
    def metrics(self) -> Path:
        """Folder of what several gateways of this host have counted together."""
        return self.data / "metrics"

    @property
    def repository(self) -> Path:
        """Folder of the model repository where no bucket holds it."""
        return self.data / "repository"

    @property
    def mirror(self) -> Path:
        """Folder of this host's copy of the bucket's models."""
        return self.data / "mirror"

    @property
    def triton_folder(self) -> Path:
        """Folder that Triton reads models from."""
        return self.mirror if self.s3.bucket else self.repository

    @property
    def builds(self) -> Path:
        """Workspaces of builds: stage results and logs."""
        return self.data / "builds"

    @property
    def plans(self) -> Path:
        """TensorRT plans that builds have made, by key."""
        return self.data / "plans"

    @property
    def upload_folder(self) -> Path:
        """Zips that model authors have uploaded."""
        return self.data / "uploads"

    @property
    def logs(self) -> Path:
        """Log files of the processes that `trireme serve` starts."""
        return self.data / "logs"

    @property
    def secret_key_file(self) -> Path:
        """Where an encryption key made at first start is kept, mode 0600."""
        return self.data / "secrets.key"

    @property
    def root_key_file(self) -> Path:
        """Where a root key made at first start is kept, mode 0600."""
        return self.data / "root.key"
