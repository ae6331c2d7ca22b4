"""What an operator can choose about Triton; loaded by the command, passed in frozen."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TritonSettings:
    """Where Triton is, and how the embedded one is kept alive.

    Attributes:
        urls: gRPC addresses `host:port` of existing servers; empty to run one embedded.
        start_seconds: longest time until a started server answers.
        stop_seconds: longest time that a server may take to finish its requests.
        restart_seconds: pause before a server that died is started again; doubles with each failure in a row.
        restart_max_seconds: longest such pause.
        steady_seconds: time of life after which a server counts as sound and the pause starts over.
        log_bytes: size at which the server's log file is moved to `.1` and started anew.

    """

    urls: tuple[str, ...] = ()
    start_seconds: float = 60.0
    stop_seconds: float = 20.0
    restart_seconds: float = 0.2
    restart_max_seconds: float = 10.0
    steady_seconds: float = 60.0
    log_bytes: int = 20_000_000
