"""What an operator can choose about Triton and the bucket; loaded by the command, passed in frozen."""

from dataclasses import dataclass, field

from model_repository.bounds import Bytes, Count, HttpUrl, Seconds, SecondsOrZero


@dataclass(frozen=True, slots=True)
class TritonSettings:
    """Where Triton is, and how the embedded one is kept alive.

    Attributes:
        urls: gRPC addresses `host:port` of existing servers; empty to run one embedded.
        http_urls: HTTP addresses `host:port` of the same servers, in the same order: single texts come back
            sooner that way; empty to use gRPC for all, as is done while one of them does not answer.
        start_seconds: longest time until a started server answers.
        stop_seconds: longest time that a server may take to finish its requests.
        restart_seconds: pause before a server that died is started again; doubles with each failure in a row.
        restart_max_seconds: longest pause before a server is started again.
        steady_seconds: uptime after which a server counts as sound, and the next pause is `restart_seconds`
            again.
        log_bytes: size at which the server's log file is moved to `.1` and started anew.

    """

    urls: tuple[str, ...] = ()
    http_urls: tuple[str, ...] = ()
    start_seconds: Seconds = 60.0
    stop_seconds: SecondsOrZero = 20.0
    restart_seconds: Seconds = 0.2
    restart_max_seconds: Seconds = 10.0
    steady_seconds: SecondsOrZero = 60.0
    log_bytes: Bytes = 20_000_000

    def __post_init__(self) -> None:
        """Refuse addresses that cannot be used.

        Raises:
            ValueError: what is wrong, and what would be right.

        """
        for name, addresses in (("urls", self.urls), ("http_urls", self.http_urls)):
            for address in addresses:
                if not _is_address(address):
                    raise ValueError(f"{name} has to be of addresses host:port, not {address}")
        if self.http_urls and len(self.http_urls) != len(self.urls):
            raise ValueError("http_urls has to name a server for each of urls, in the same order")


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and "/" not in host and port.isdecimal() and 0 < int(port) < 2**16


@dataclass(frozen=True, slots=True)
class S3Settings:
    """The bucket that holds models and uploads where one machine is not enough.

    Attributes:
        bucket: name of the bucket; empty to keep everything in the data folder.
        prefix: prefix of every object's key, so that sites can share a bucket; empty for none.
        endpoint_url: `https://HOST:PORT` of the service; empty for Amazon's own.
        public_endpoint_url: `https://HOST:PORT` of the service as authors who upload reach it; empty if that
            is `endpoint_url`.
        region: region that requests are signed for.
        access_key_id: id of the access key; empty to let boto3 look in its own places: environment, profile,
            role of the host.
        secret_access_key: secret of `access_key_id`.
        connect_seconds: longest time that connecting may take.
        read_seconds: longest silence while a response arrives.
        attempts: how many times one request is tried in all.
        poll_seconds: pause between two looks of `trireme mirror` at the bucket.
        lag_seconds: longest time that a host may take to copy an entry before it counts as failed there.

    """

    bucket: str = ""
    prefix: str = "trireme"
    endpoint_url: HttpUrl = ""
    public_endpoint_url: HttpUrl = ""
    region: str = "us-east-1"
    access_key_id: str = field(default="", repr=False)
    secret_access_key: str = field(default="", repr=False)
    connect_seconds: Seconds = 3.0
    read_seconds: Seconds = 30.0
    attempts: Count = 3
    poll_seconds: Seconds = 2.0
    lag_seconds: Seconds = 900.0

    def __post_init__(self) -> None:
        """Refuse half a pair of keys.

        Raises:
            ValueError: what is missing.

        """
        if bool(self.access_key_id) != bool(self.secret_access_key):
            raise ValueError("access_key_id and secret_access_key belong together: one of them is empty")


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What code of a model's author may take, at build and at serving time; each model for itself.

    Attributes:
        memory_bytes: resident memory of all its processes together, and writable memory of each.
        processes: most processes and threads in a sandbox.
        scratch_bytes: room for files in `/tmp`, and the same again in `/dev/shm`; both take memory beyond
            `memory_bytes`.
        open_files: most open files of each process.
        threads: value of `OMP_NUM_THREADS` for the model.
        load_seconds: longest time that loading the model may take.
        call_seconds: longest time that one call may take.
        reply_bytes: largest answer of a call.

    """

    memory_bytes: Bytes = 4 * 2**30
    processes: Count = 256
    scratch_bytes: Bytes = 2**28
    open_files: Count = 1024
    threads: Count = 2
    load_seconds: Seconds = 300.0
    call_seconds: Seconds = 60.0
    reply_bytes: Bytes = 2**26


@dataclass(frozen=True, slots=True)
class PackageSettings:
    """Where the requirements of uploaded models come from.

    Attributes:
        index_url: index of packages, as pip's `--index-url`; empty for PyPI.
        extra_index_urls: more indexes, as pip's `--extra-index-url`.
        install_seconds: longest time that installing the packages of one model may take.
        environment_bytes: most that the packages of one model may take on disk.
        cache_bytes: most that packages kept for other builds take; those not asked for longest go first.

    """

    index_url: str = field(default="", repr=False)
    extra_index_urls: tuple[str, ...] = field(default=(), repr=False)
    install_seconds: Seconds = 1800.0
    environment_bytes: Bytes = 16 * 2**30
    cache_bytes: Bytes = 32 * 2**30
