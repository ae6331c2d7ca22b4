"""The address that a gateway listens on."""

import socket

from model_repository.errors import TriremeError


class PortInUseError(TriremeError):
    """The address to serve on is taken, or none of this machine's."""

    status = 409
    code = "port_in_use"
    default_hint = "Choose another with --port, 0 for any free one, or another address with --host."


def free_port(host: str, port: int) -> int:
    """The port, proven free; any free one for 0.

    Raises:
        PortInUseError: it is taken, or the host is not one of this machine.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUseError(f"cannot serve on {host}:{port}: {error.strerror}") from error
        bound: int = probe.getsockname()[1]
        return bound
