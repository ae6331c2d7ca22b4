"""Tickets: a URL for one zip, and its use."""

import asyncio
import hmac
import secrets
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import func, update
from sqlmodel import col, select

from control_plane.db.engine import Database
from control_plane.db.types import utc_now
from control_plane.settings import UploadSettings
from control_plane.uploads.errors import TooManyUploadsError, UploadForbiddenError, UploadInProgressError
from control_plane.uploads.store import UploadStore
from control_plane.uploads.tables import Upload, UploadState
from model_repository.layout import check_model_name

OPEN_TICKETS = 100
"""URLs of one account that may be waiting for their PUT."""


class UploadService:
    """Gives tickets out and sees that each is used once."""

    def __init__(self, database: Database, store: UploadStore, settings: UploadSettings) -> None:
        self._database = database
        self._store = store
        self._settings = settings

    async def issue(self, account_id: int, model_name: str, base_url: str) -> str:
        """URL for one PUT of a zip, from which a new version of the account's model is built.

        Args:
            base_url: of the gateway, as the client reaches it; no slash at its end.

        Raises:
            InvalidNameError: no model can have that name.
            TooManyUploadsError: the account has `OPEN_TICKETS` unused ones.

        """
        check_model_name(model_name)
        upload, token, seconds = secrets.token_hex(16), secrets.token_urlsafe(32), self._settings.url_seconds
        url = await asyncio.to_thread(
            self._store.issue_url, upload, token=token, base_url=base_url, seconds=seconds
        )
        async with self._database.session() as session:
            waiting = select(func.count()).where(
                Upload.account_id == account_id,
                col(Upload.state).in_((UploadState.ISSUED, UploadState.RECEIVING)),
                col(Upload.expires_at) > utc_now(),
            )
            if (await session.exec(waiting)).one() >= OPEN_TICKETS:
                raise TooManyUploadsError(f"{OPEN_TICKETS} upload URLs have not been used yet")
            session.add(
                Upload(
                    id=upload,
                    account_id=account_id,
                    model_name=model_name,
                    token_digest=sha256(token.encode()).digest(),
                    expires_at=utc_now() + timedelta(seconds=seconds),
                )
            )
        return url

    async def begin(self, upload: str, token: str) -> None:
        """Use a ticket: until `abandon` or `complete` nobody else can.

        Raises:
            UploadForbiddenError: no such ticket, another token, expired, or used before.
            UploadInProgressError: somebody is using it.

        """
        now = utc_now()
        async with self._database.session() as session:
            row = await session.get(Upload, upload, with_for_update=True)
            known = row is not None and hmac.compare_digest(row.token_digest, sha256(token.encode()).digest())
            if row is None or not known:
                raise UploadForbiddenError
            if row.state is UploadState.RECEIVING:
                raise UploadInProgressError("somebody is sending to this URL")
            if row.state is not UploadState.ISSUED or row.expires_at <= now:
                raise UploadForbiddenError
            row.state = UploadState.RECEIVING
            row.deadline = now + timedelta(seconds=self._settings.put_seconds)

    async def abandon(self, upload: str) -> None:
        """Give a ticket back whose PUT broke; it is good for another try until it expires."""
        async with self._database.session() as session:
            await session.exec(
                update(Upload)
                .where(col(Upload.id) == upload, col(Upload.state) == UploadState.RECEIVING)
                .values(state=UploadState.ISSUED, deadline=None)
            )
