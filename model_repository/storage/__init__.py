"""Where published entries are kept: in a local folder, or in a bucket with copies on the hosts of Triton."""

from model_repository.storage.folder import FolderStorage
from model_repository.storage.protocol import Storage

__all__ = ["FolderStorage", "Storage"]
