"""A log file that another process writes and this one keeps small."""

import shutil
from pathlib import Path

TAIL_BYTES = 8192


class LogFile:
    """A file that is opened for appending by a process that knows nothing of rotation."""

    def __init__(self, path: Path, limit: int) -> None:
        """Watch over `path`, which need not exist yet; `limit` is in bytes."""
        self.path = path
        self._limit = limit

    def rotate(self) -> None:
        """Copy a file beyond the limit aside and empty it; its writer goes on at the new end, the start."""
        if self.path.exists() and self.path.stat().st_size > self._limit:
            shutil.copyfile(self.path, self.path.with_name(f"{self.path.name}.1"))
            with self.path.open("r+b") as file:
                file.truncate()

    def last_line(self) -> str:
        """Last line that is not blank, or an empty string."""
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "")
