"""Checks that a folder is the entry that its manifest describes."""

from pathlib import Path

import msgspec

from model_repository import layout
from model_repository.config import from_pbtxt, model_config
from model_repository.errors import EntryDamagedError
from model_repository.manifest import Manifest, decode
from model_repository.probe import read_probe


def check_folder(folder: Path, manifest: Manifest) -> None:
    """Compare a folder with the manifest that it is about to be published under.

    Raises:
        EntryDamagedError: they do not fit together; the message names the first difference.
        RepositoryError: `config.pbtxt` or the stored sample cannot be read.

    """
    layout.EntryName.parse(manifest.entry)
    _check_files(folder, manifest)
    if decode_manifest(folder) != manifest:
        raise EntryDamagedError(f"{layout.MANIFEST} is not the manifest of {manifest.entry}")
    if from_pbtxt((folder / layout.CONFIG).read_text()) != model_config(manifest):
        raise EntryDamagedError(f"{layout.CONFIG} is not the configuration of {manifest.entry}")
    probe = read_probe((folder / layout.PROBE).read_bytes())
    if probe.inputs.keys() != {tensor.name for tensor in manifest.inputs}:
        raise EntryDamagedError("the stored sample does not have the inputs of the manifest")
    if not probe.expected.keys() <= {tensor.name for tensor in manifest.outputs}:
        raise EntryDamagedError("the stored sample has outputs that the manifest does not know")


def decode_manifest(folder: Path) -> Manifest:
    """Manifest of a folder.

    Raises:
        EntryDamagedError: it cannot be read.

    """
    try:
        return decode((folder / layout.MANIFEST).read_bytes())
    except msgspec.DecodeError as error:
        raise EntryDamagedError(f"{layout.MANIFEST} cannot be read: {error}") from error


def _check_files(folder: Path, manifest: Manifest) -> None:
    for path in folder.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise EntryDamagedError(f"{path.relative_to(folder)} is neither a file nor a folder")
    needed = (
        layout.MANIFEST,
        layout.CONFIG,
        layout.PROBE,
        *([manifest.tokenizer.path] if manifest.tokenizer else []),
        layout.model_path(manifest),
    )
    for name in needed:
        path = layout.resolve(folder, name)
        if not path.is_file() or path.stat().st_size == 0:
            raise EntryDamagedError(f"{name} is missing or empty")
