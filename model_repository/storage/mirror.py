"""A local copy of the bucket's entries on a host of Triton, kept right by digest."""

import asyncio
import os
import time
from dataclasses import dataclass, replace

import structlog

from model_repository import digests, layout
from model_repository.errors import EntryNotFoundError, RepositoryError, TriremeError
from model_repository.objects import parallel
from model_repository.storage.bucket import BucketStorage
from model_repository.storage.folder import FolderStorage

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
"""Seconds between two tries to copy an entry that fails."""

CHECK_SECONDS = 60.0

READABLE = 0o644, 0o755
"""For files and for folders, whatever the umask: uploaded code reads its own as nobody."""

Stamp = tuple[tuple[str, int, int], ...]
"""Path, size and time of change of every file: differs as soon as one of them has been touched."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A copy that has been compared with its digests.

    Attributes:
        tag: of the entry in the bucket.
        due: when its files are looked at again.

    """

    tag: str
    stamp: Stamp
    due: float


class Mirror:
    """Makes a folder hold exactly the entries of the bucket.

    An entry appears in the folder in one step, when all its files are there and right. So a server that lists
    it can load it, and that is how a rollout knows that the host is ready.
    """

    def __init__(
        self, source: BucketStorage, folder: FolderStorage, *, check_seconds: float = CHECK_SECONDS
    ) -> None:
        """Prepare.

        Args:
            folder: read by Triton, written by this object alone; what the bucket does not have is removed.
            check_seconds: how often the files of a copy are looked at for changes.

        """
        self._check_seconds = check_seconds
        self._source = source
        self._folder = folder
        self._known: dict[str, _Known] = {}
        self._pauses: dict[str, tuple[float, float]] = {}

    def sweep(self) -> list[str]:
        """Copy what is missing or not right, and remove what the bucket no longer has.

        A copy is read and compared once, and again whenever a file of it has changed. One entry that fails
        keeps no other back.

        Returns:
            entries that cannot be copied now.

        Raises:
            ObjectStoreUnavailableError: the bucket does not answer; what is there stays.

        """
        wanted, there = self._source.tags(), set(self._folder.entries())
        for entry in there - wanted.keys():
            self._folder.remove(entry)
        self._known = {entry: known for entry, known in self._known.items() if entry in wanted.keys() & there}
        self._pauses = {entry: pause for entry, pause in self._pauses.items() if entry in wanted}
        for entry, tag in wanted.items():
            if not self._is_right(entry, tag):
                self._try(entry, tag)
        return sorted(self._pauses)

    async def keep(self, seconds: float) -> None:
        """Sweep until cancelled, with so many seconds between two sweeps."""
        while True:
            try:
                await asyncio.to_thread(self.sweep)
            except (TriremeError, OSError) as error:
                log.warning("models cannot be copied", reason=str(error))
            await asyncio.sleep(seconds)

    def _is_right(self, entry: str, tag: str) -> bool:
        known = self._known.get(entry)
        if known is None or known.tag != tag:
            return False
        if time.monotonic() < known.due:
            return True
        if known.stamp != self._stamp(entry):
            return False
        self._known[entry] = replace(known, due=time.monotonic() + self._check_seconds)
        return True

    def _try(self, entry: str, tag: str) -> None:
        until, pause = self._pauses.get(entry, (0.0, FIRST_PAUSE))
        if time.monotonic() < until:
            return
        try:
            self._copy(entry)
        except EntryNotFoundError:
            return  # removed since it was listed
        except (RepositoryError, OSError) as error:
            self._pauses[entry] = (time.monotonic() + pause, min(2 * pause, LONGEST_PAUSE))
            log.warning("entry not copied", entry=entry, reason=str(error))
        else:
            self._known[entry] = _Known(tag, self._stamp(entry), time.monotonic() + self._check_seconds)
            self._pauses.pop(entry, None)

    def _copy(self, entry: str) -> None:
        """Replace the copy unless it is right; files of it that are right are kept."""
        wanted = self._source.digests(entry)
        place = self._folder.root / entry
        found = digests.of_folder(place)
        listing = place / layout.DIGESTS
        if found == wanted and listing.is_file() and digests.decode(listing.read_text()) == wanted:
            return
        with self._folder.staging(entry, replace=True) as scratch:

            def bring(path: str) -> None:
                target = layout.resolve(scratch, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                if found.get(path) == wanted[path]:
                    os.link(place / path, target)
                else:
                    self._source.download(entry, path, wanted[path], target)

            parallel.each(bring, wanted)
            (scratch / layout.DIGESTS).write_text(digests.encode(wanted))
            for path in (scratch, *scratch.rglob("*")):
                path.chmod(READABLE[path.is_dir()])
        log.info("entry copied", entry=entry, kept=sum(found.get(path) == wanted[path] for path in wanted))

    def _stamp(self, entry: str) -> Stamp:
        place = self._folder.root / entry
        states = ((path, path.stat()) for path in sorted(place.rglob("*")) if path.is_file())
        return tuple(
            (str(path.relative_to(place)), state.st_size, state.st_ctime_ns) for path, state in states
        )
