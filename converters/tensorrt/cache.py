"""Plans that have been built, kept by the digest of all that they depend on."""

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from model_repository.manifest import Precision
from model_repository.nodes import Node
from model_repository.plans import PlanSpec, ShapeRange

PLAN = "model.plan"
SCRATCH = ".new-"


def plan_spec(
    typed: Path, precision: Precision, node: Node, profile: dict[str, ShapeRange], *, stripped: bool
) -> PlanSpec:
    """What a plan of this graph for this node is tied to, with the key that says it all."""
    sha = hashlib.sha256()
    for file in sorted(typed.parent.glob(f"{typed.name}*")):  # the weights of large graphs lie beside them
        with file.open("rb") as stream:
            sha.update(hashlib.file_digest(stream, "sha256").digest())
    tied = {"precision": precision, "node": str(node), "profile": profile, "stripped": stripped}
    sha.update(msgspec.json.encode(tied, order="deterministic"))
    return PlanSpec(
        key=sha.hexdigest(),
        version=node.version,
        compute_capability=node.compute_capability,
        profile=profile,
        stripped=stripped,
    )


class PlanCache:
    """A folder of plans, shared by all builds; those that nobody asked for longest go first.

    Attributes:
        root: its folder.

    """

    def __init__(self, root: Path, most_bytes: int) -> None:
        self.root = root
        self._most_bytes = most_bytes

    def get(self, plan: PlanSpec, build: Callable[[], bytes]) -> Path:
        """File of a plan, built now if it has not been before."""
        folder = self.root / plan.key
        if not (folder / PLAN).is_file():
            self._put(folder, build())
            self._prune(folder)
        os.utime(folder)
        return folder / PLAN

    def _put(self, folder: Path, content: bytes) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        scratch = self.root / f"{SCRATCH}{uuid.uuid4().hex}"
        scratch.mkdir()
        try:
            (scratch / PLAN).write_bytes(content)
            with suppress(FileExistsError):  # another build was quicker
                scratch.rename(folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _prune(self, newest: Path) -> None:
        plans = sorted(
            (folder for folder in self.root.iterdir() if not folder.name.startswith(SCRATCH)),
            key=lambda folder: folder.stat().st_mtime,
        )
        sizes = {folder: (folder / PLAN).stat().st_size for folder in plans if (folder / PLAN).is_file()}
        total = sum(sizes.values())
        for folder, size in sizes.items():
            if total <= self._most_bytes or folder == newest:
                break
            shutil.rmtree(folder, ignore_errors=True)
            total -= size
