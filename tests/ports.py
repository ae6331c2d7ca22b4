"""Ports for servers that have to be told one, and may be ended and started again on it."""

import socket

HOST = "127.0.0.1"

PORTS = range(20_000, 32_768)
"""Below those that the kernel gives to whoever asks for any."""


def free_port() -> int:
    """A port that no other test of this machine is given while this process lives."""
    return next(port for port in PORTS if _claimed(port) and _free(port))


def _claimed(port: int) -> bool:
    """Whether the port is now ours: an abstract name belongs to one process, and is gone with it."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0trireme-test-port-{port}")
    except OSError:
        claim.close()
        return False
    claim.detach()
    return True


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
