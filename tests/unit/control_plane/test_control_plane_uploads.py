"""Tickets for uploads: used once, in time, and what becomes of their zips."""

import asyncio
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import select

from control_plane.accounts.service import AccountService
from control_plane.builds.service import BuildService
from control_plane.builds.tables import BuildStatus
from control_plane.db.engine import Database
from control_plane.db.types import utc_now
from control_plane.models.service import ModelService
from control_plane.settings import UploadSettings
from control_plane.uploads import service as uploads
from control_plane.uploads.arrival import Arrival, complete, look_into
from control_plane.uploads.contents import Contents
from control_plane.uploads.errors import (
    TooManyUploadsError,
    UploadForbiddenError,
    UploadGoneError,
    UploadInProgressError,
)
from control_plane.uploads.files import FileService
from control_plane.uploads.service import UploadService
from control_plane.uploads.store import FolderStore
from control_plane.uploads.sweeping import UploadSweeper
from control_plane.uploads.tables import Upload, UploadState
from model_repository.layout import InvalidNameError


def zipped(description: str = "mine", top: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        config = {"description": description, "tasks": ["custom"]}
        archive.writestr(f"{top}config.json", json.dumps(config))
        archive.writestr(f"{top}requirements.txt", "")
        archive.writestr(f"{top}inference.py", "x = 1")
    return buffer.getvalue()


class Uploads:
    """An account that uploads to a folder."""

    def __init__(self, database: Database, store: FolderStore, account: int) -> None:
        self.database = database
        self.store = store
        self.account = account
        self.tickets = UploadService(database, store, UploadSettings())
        self.sweeper = UploadSweeper(database, store)

    async def issue(self, name: str = "mine") -> tuple[str, str]:
        parts = urlsplit(await self.tickets.issue(self.account, name, "http://here"))
        return parts.path.removeprefix("/uploads/"), parse_qs(parts.query)["token"][0]

    async def arrive(self, content: bytes = b"", name: str = "mine") -> tuple[str, int]:
        """Upload and build ids of a zip that has come."""
        upload, token = await self.issue(name)
        await self.tickets.begin(upload, token)
        self.write(upload, content or zipped())
        return upload, await self.complete(upload)

    def write(self, upload: str, content: bytes) -> None:
        incoming = self.store.receive(upload)
        incoming.write(content)
        incoming.flush()
        incoming.keep()

    async def complete(self, upload: str, before: UploadState = UploadState.RECEIVING) -> int:
        arrival = Arrival(upload, 1, None, look_into(self.store, upload))
        return await complete(self.database, arrival, before=before)

    async def states(self) -> dict[str, UploadState]:
        async with self.database.reading() as session:
            return {row.id: row.state for row in await session.exec(select(Upload))}

    async def age(self, upload: str, **times: str) -> None:
        """Let moments of an upload have passed."""
        async with self.database.session() as session:
            row = await session.get_one(Upload, upload)
            for name in times:
                setattr(row, name, utc_now() - timedelta(seconds=1))

    def left(self) -> list[str]:
        return sorted(path.name for path in self.store.root.glob("*"))


@pytest.fixture
async def alice(database: Database, tmp_path: Path) -> Uploads:
    account = await AccountService(database).ensure("alice")
    return Uploads(database, FolderStore(tmp_path / "uploads"), account)


async def test_a_ticket_is_good_once(alice: Uploads) -> None:
    upload, token = await alice.issue()
    with pytest.raises(UploadForbiddenError):
        await alice.tickets.begin(upload, token[:-1] + "~")
    with pytest.raises(UploadForbiddenError):
        await alice.tickets.begin("f" * 32, token)
    await alice.tickets.begin(upload, token)
    with pytest.raises(UploadInProgressError):
        await alice.tickets.begin(upload, token)
    alice.write(upload, zipped())
    await alice.complete(upload)
    with pytest.raises(UploadForbiddenError):
        await alice.tickets.begin(upload, token)
    with pytest.raises(UploadForbiddenError):
        await alice.complete(upload)


async def test_of_two_at_the_same_moment_one_gets_the_ticket(alice: Uploads) -> None:
    upload, token = await alice.issue()
    began = await asyncio.gather(
        *(alice.tickets.begin(upload, token) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in began) == ["NoneType", "UploadInProgressError"]


async def test_the_token_is_not_kept(alice: Uploads) -> None:
    upload, token = await alice.issue()
    async with alice.database.reading() as session:
        row = await session.get_one(Upload, upload)
    assert token not in repr(row)
    assert len(row.token_digest) == 32
    assert len(token) >= 43


async def test_an_expired_ticket_is_refused_and_swept(alice: Uploads) -> None:
    upload, token = await alice.issue()
    await alice.age(upload, expires_at="now")
    with pytest.raises(UploadForbiddenError):
        await alice.tickets.begin(upload, token)
    await alice.sweeper.sweep()
    assert await alice.states() == {}


async def test_a_broken_put_may_be_tried_again(alice: Uploads) -> None:
    upload, token = await alice.issue()
    await alice.tickets.begin(upload, token)
    await alice.tickets.abandon(upload)
    await alice.tickets.begin(upload, token)


async def test_what_a_dead_gateway_left_is_swept(alice: Uploads) -> None:
    upload, token = await alice.issue()
    await alice.tickets.begin(upload, token)
    incoming = alice.store.receive(upload)
    incoming.write(b"half")
    incoming.flush()
    await alice.sweeper.sweep()
    assert alice.left() == [f"{upload}.part"]
    await alice.age(upload, deadline="now")
    await alice.sweeper.sweep()
    assert (alice.left(), await alice.states()) == ([], {})
    with pytest.raises(UploadForbiddenError):
        await complete(alice.database, Arrival(upload, 1, None, Contents({})), before=UploadState.RECEIVING)


@pytest.mark.parametrize("name", ["a" * 101, "Big", "a.b", "a\n", "", "../x"])
async def test_names_that_no_model_can_have(alice: Uploads, name: str) -> None:
    with pytest.raises(InvalidNameError):
        await alice.issue(name)


async def test_unused_tickets_have_a_bound(alice: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "OPEN_TICKETS", 2)
    first, _ = await alice.issue()
    await alice.issue()
    with pytest.raises(TooManyUploadsError):
        await alice.issue()
    await alice.age(first, expires_at="now")
    await alice.issue()


async def test_arrival_makes_the_model_visible_as_building(alice: Uploads) -> None:
    upload, token = await alice.issue()
    assert await ModelService(alice.database).list(alice.account, include_global=True) == []
    await alice.tickets.begin(upload, token)
    alice.write(upload, zipped("what it does", top="folder/"))
    build = await BuildService(alice.database).get(await alice.complete(upload))
    assert (build.model, build.owner, build.status) == ("mine", "alice", BuildStatus.QUEUED)
    model = await ModelService(alice.database).get(alice.account, "mine")
    assert (model.build_status, model.description) == ("building", "what it does")
    assert model.source == f"upload:{upload}"


async def test_files_are_read_back_from_under_the_top_folder(alice: Uploads) -> None:
    upload, _ = await alice.arrive(zipped(top="folder/"))
    files = FileService(alice.database, alice.store)
    found = await files.of(alice.account, "mine")
    assert found is not None
    assert found.members.keys() == {"config.json", "requirements.txt", "inference.py"}
    pieces = await files.read(found.upload, found.members["inference.py"])
    assert b"".join(pieces) == b"x = 1"
    assert await files.of(alice.account + 1, "mine") is None
    alice.store.remove(upload)
    with pytest.raises(UploadGoneError):
        await files.read(found.upload, found.members["inference.py"])


async def test_a_zip_that_says_nothing_starts_a_build_all_the_same(alice: Uploads) -> None:
    _, build = await alice.arrive(b"PK nothing")
    assert (await BuildService(alice.database).get(build)).status is BuildStatus.QUEUED
    found = await FileService(alice.database, alice.store).of(alice.account, "mine")
    assert found is not None
    assert found.members == {}


async def test_zips_that_no_version_needs_are_swept(alice: Uploads) -> None:
    first, build = await alice.arrive()
    await alice.sweeper.sweep()
    assert alice.left() == [f"{first}.zip"]
    second, _ = await alice.arrive()  # which cancels the first build
    assert (await BuildService(alice.database).get(build)).status is BuildStatus.CANCELLED
    await alice.sweeper.sweep()
    assert alice.left() == [f"{second}.zip"]
    await ModelService(alice.database).remove(alice.account, "mine")
    await alice.sweeper.sweep()
    assert (alice.left(), await alice.states()) == ([], {})


async def test_a_sweep_that_was_cut_short_goes_on(alice: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    upload, _ = await alice.arrive()
    await ModelService(alice.database).remove(alice.account, "mine")

    def fail(_upload: str) -> None:
        raise OSError("no disk")

    with monkeypatch.context() as broken:
        broken.setattr(alice.store, "remove", fail)
        with pytest.raises(OSError, match="no disk"):
            await alice.sweeper.sweep()
    assert await alice.states() == {upload: UploadState.GONE}
    await alice.sweeper.sweep()
    assert (alice.left(), await alice.states()) == ([], {})


class DirectStore(FolderStore):
    """As a store that clients send to by themselves."""

    direct = True


async def test_what_arrives_elsewhere_is_found(database: Database, tmp_path: Path) -> None:
    account = await AccountService(database).ensure("alice")
    alice = Uploads(database, DirectStore(tmp_path / "uploads"), account)
    upload, _ = await alice.issue()
    await alice.sweeper.sweep()
    assert await alice.states() == {upload: UploadState.ISSUED}
    alice.write(upload, zipped())
    await asyncio.gather(alice.sweeper.sweep(), UploadSweeper(database, alice.store).sweep())
    assert await alice.states() == {upload: UploadState.ARRIVED}
    assert len(await BuildService(database).list()) == 1
