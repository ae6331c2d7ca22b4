"""Carries published entries from a folder into a bucket."""

from collections.abc import Callable

from model_repository import digests, layout
from model_repository.errors import EntryExistsError
from model_repository.storage.bucket import BucketStorage
from model_repository.storage.folder import FolderStorage

Told = Callable[[str, int, int], None]
"""Is called with an entry that has arrived, how many have, and how many there are."""


def transfer(
    source: FolderStorage, target: BucketStorage, told: Told = lambda entry, done, total: None
) -> int:
    """Copy all entries; those that an earlier call has brought there are only compared.

    Every entry is read back from the bucket and compared with its digests.

    Returns:
        how many entries there are.

    Raises:
        EntryDamagedError: an entry of the folder, or its copy, is not what was published.
        EntryExistsError: the bucket holds another entry of that name.
        ObjectStoreUnavailableError: the bucket went away; call again.

    """
    entries, there = source.entries(), target.tags()
    for done, entry in enumerate(entries, 1):
        source.verify(entry)
        listed = digests.decode(source.read(entry, layout.DIGESTS).decode())
        if entry not in there:
            target.publish(source.root / entry, source.manifest(entry))
        elif target.digests(entry) != listed:
            raise EntryExistsError(
                f"the bucket holds another {entry}", hint="Choose a prefix (s3.prefix) that nobody uses."
            )
        target.verify(entry)
        told(entry, done, len(entries))
    return len(entries)
