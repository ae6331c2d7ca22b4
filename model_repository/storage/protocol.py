"""What any storage of entries can do."""

from pathlib import Path
from typing import Protocol

from model_repository.manifest import Manifest


class Storage(Protocol):
    """Published entries, immutable, each whole or not there at all.

    All methods block; callers on an event loop use `asyncio.to_thread`. A storage on another machine raises
    `ObjectStoreUnavailableError` from any of them.
    """

    lag_seconds: float
    """Longest time until a server sees a published entry; 0 where it reads the storage itself."""

    def publish(self, folder: Path, manifest: Manifest) -> None:
        """Make a finished folder the entry `manifest.entry`, in one step that either happens or does not.

        The folder is copied and left as it is. A digest of every file is recorded.

        Raises:
            EntryExistsError: there is such an entry.
            EntryDamagedError: the folder is not what the manifest says.
            StorageFullError: there is no room.
            RepositoryError: the storage cannot be written for another reason.

        """

    def remove(self, entry: str) -> None:
        """Take an entry away in one step; removing what is not there is no error, so it can be repeated."""

    def entries(self) -> list[str]:
        """Names of all entries, sorted."""

    def manifest(self, entry: str) -> Manifest:
        """What an entry says about itself.

        Raises:
            EntryNotFoundError: no such entry.
            EntryDamagedError: its manifest cannot be read.

        """

    def read(self, entry: str, path: str) -> bytes:
        """Content of one file of an entry.

        Raises:
            InvalidNameError: the path leads out of the entry.
            EntryNotFoundError: no such entry or file.

        """

    def verify(self, entry: str) -> None:
        """Compare every file with the digest recorded when the entry was published.

        Raises:
            EntryNotFoundError: no such entry.
            EntryDamagedError: a file has changed, is missing or has been added.

        """
