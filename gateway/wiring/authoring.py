"""Wires the services that authors work with: uploads, models, builds and deployments."""

from dataclasses import dataclass
from typing import Self

from litestar.di import Provide

from control_plane.builds.logs import BuildLogs
from control_plane.builds.service import BuildService
from control_plane.db.engine import Database
from control_plane.deployments.service import DeploymentService
from control_plane.models.service import ModelService
from control_plane.settings import UploadSettings
from control_plane.uploads.files import FileService
from control_plane.uploads.service import UploadService
from control_plane.uploads.store import FolderStore, UploadStore
from gateway.apis.builds.log import LogFollowers
from gateway.dependencies import provided
from gateway.settings import GatewaySettings
from gateway.uploads import UploadReceiver


@dataclass(frozen=True)
class Authoring:
    """The services by the names under which handlers ask for them.

    Attributes:
        receiver: takes zips that are sent to this gateway itself; None where they go to a bucket.

    """

    services: dict[str, object]
    receiver: UploadReceiver | None

    @classmethod
    def of(
        cls, settings: GatewaySettings, database: Database, uploads: UploadStore, rules: UploadSettings
    ) -> Self:
        """Services on a database and a store of uploaded zips.

        Args:
            rules: what an upload may be, and how long its URL is good.

        """
        tickets = UploadService(database, uploads, rules)
        services = {
            "build_logs": BuildLogs(database),
            "build_service": BuildService(database),
            "deployments": DeploymentService(database),
            "file_service": FileService(database, uploads),
            "log_followers": LogFollowers(settings.log_followers),
            "model_service": ModelService(database),
            "upload_service": tickets,
        }
        if not isinstance(uploads, FolderStore):
            return cls(services, None)
        return cls(services, UploadReceiver(database, uploads, tickets, rules, at_once=settings.max_uploads))

    def dependencies(self) -> dict[str, Provide]:
        """Providers for Litestar."""
        return provided(self.services)

    async def close(self) -> None:
        """Wait for uploads that are being finished."""
        if self.receiver is not None:
            await self.receiver.close()
