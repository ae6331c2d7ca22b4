"""Entries in a folder: what may not go in, what can be read, what is found damaged, what is removed."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from storage_folders import MakeFolder, remains

from model_repository import layout
from model_repository.errors import (
    EntryDamagedError,
    EntryNotFoundError,
    RepositoryError,
    TriremeError,
)
from model_repository.layout import InvalidNameError
from model_repository.manifest import Manifest, decode, encode
from model_repository.storage import FolderStorage


def spoil_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / layout.MANIFEST).write_bytes(encode(msgspec.structs.replace(manifest, max_batch_size=9)))


def spoil_config(folder: Path, manifest: Manifest) -> None:
    config = folder / layout.CONFIG
    config.write_text(config.read_text().replace("max_batch_size: 8", "max_batch_size: 9"))


def cut_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / layout.MANIFEST).write_bytes(encode(manifest)[:50])


def empty_graph(folder: Path, manifest: Manifest) -> None:
    (folder / layout.model_path(manifest)).write_bytes(b"")


def link_graph(folder: Path, manifest: Manifest) -> None:
    (folder / layout.model_path(manifest)).unlink()
    (folder / layout.model_path(manifest)).symlink_to("/etc/hostname")


def drop_tokenizer(folder: Path, manifest: Manifest) -> None:
    (folder / layout.TOKENIZER).unlink()


def spoil_probe(folder: Path, manifest: Manifest) -> None:
    (folder / layout.PROBE).write_bytes(b"no archive")


@pytest.mark.parametrize(
    "spoil",
    [spoil_manifest, spoil_config, cut_manifest, empty_graph, link_graph, drop_tokenizer, spoil_probe],
)
def test_a_folder_that_does_not_fit_its_manifest_is_refused(
    storage: FolderStorage,
    manifest: Manifest,
    make_folder: MakeFolder,
    spoil: Callable[[Path, Manifest], None],
) -> None:
    folder = make_folder(manifest)
    spoil(folder, manifest)
    with pytest.raises(RepositoryError):
        storage.publish(folder, manifest)
    assert remains(storage.root) == []


def test_a_name_that_may_not_be_is_refused(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder
) -> None:
    with pytest.raises(InvalidNameError):
        storage.publish(make_folder(manifest), msgspec.structs.replace(manifest, owner="../up"))


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("../other", InvalidNameError),
        ("/etc/passwd", InvalidNameError),
        ("", InvalidNameError),
        ("tokenizer", EntryNotFoundError),
        ("missing.txt", EntryNotFoundError),
        ("manifest.json/x", EntryNotFoundError),
    ],
)
def test_only_files_of_the_entry_can_be_read(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder, path: str, error: type[TriremeError]
) -> None:
    storage.publish(make_folder(manifest), manifest)
    with pytest.raises(error):
        storage.read(manifest.entry, path)


def test_every_change_to_a_published_entry_is_found(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder
) -> None:
    storage.publish(make_folder(manifest), manifest)
    graph = storage.root / manifest.entry / "3" / "model.onnx"
    graph.write_bytes(b"A graph")
    with pytest.raises(EntryDamagedError, match=r"3/model[.]onnx"):
        storage.verify(manifest.entry)
    graph.unlink()
    with pytest.raises(EntryDamagedError, match=r"3/model[.]onnx"):
        storage.verify(manifest.entry)
    graph.write_bytes(b"a graph")
    storage.verify(manifest.entry)
    (graph.parent / "extra").touch()
    with pytest.raises(EntryDamagedError, match="3/extra"):
        storage.verify(manifest.entry)


def test_a_manifest_that_cannot_be_read_is_told(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder
) -> None:
    storage.publish(make_folder(manifest), manifest)
    (storage.root / manifest.entry / layout.MANIFEST).write_text("{}")
    with pytest.raises(EntryDamagedError):
        storage.manifest(manifest.entry)
    with pytest.raises(EntryNotFoundError):
        storage.manifest("global.other.1")


def test_removal_is_whole_and_can_be_repeated(
    storage: FolderStorage, manifest: Manifest, make_folder: MakeFolder
) -> None:
    folder = make_folder(manifest)
    storage.publish(folder, manifest)
    storage.remove(manifest.entry)
    assert remains(storage.root) == []
    storage.remove(manifest.entry)
    with pytest.raises(InvalidNameError):
        storage.remove("..")
    assert decode((folder / layout.MANIFEST).read_bytes()) == manifest
