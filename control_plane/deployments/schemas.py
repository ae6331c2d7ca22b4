"""What callers read about deployments."""

from datetime import datetime

import msgspec

from control_plane.deployments.exposure import Exposure
from control_plane.deployments.tally import Tally
from control_plane.models.tables import VersionState


class DeployedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version and its part in the traffic.

    Attributes:
        kept: its files are kept, so that it can be put into service.
        remark: why it was sent back, or an empty string.
        exposure: what part it has, or None where it has none.
        tally: what it has done in the last hour, counted while the model's requests are divided.

    """

    number: int
    state: VersionState
    kept: bool
    remark: str
    created_at: datetime
    activated_at: datetime | None
    exposure: Exposure | None
    tally: Tally | None
