"""What `/deployments` takes and answers with."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from control_plane.deployments.exposure import MAX_ERROR_SHARE, Exposure, Place
from control_plane.deployments.schemas import DeployedVersion
from control_plane.deployments.tally import Tally
from control_plane.models.tables import VersionState

VersionNumber = Annotated[
    int, Meta(ge=1, le=2**31 - 1, description="the number of a version whose files are kept")
]
Share = Annotated[float, Meta(ge=0, le=1, description="a number from 0 to 1")]


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """A version to answer all requests."""

    version: VersionNumber


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """A canary: a version that answers a share of the requests, and what sends it back."""

    version: VersionNumber
    share: Share
    max_error_share: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        Meta(description="a number from 0 to 1, or null for any share of failures"),
    ] = MAX_ERROR_SHARE
    max_p99_ms: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="a number above 0, the milliseconds that 99 of 100 requests may take, or null"),
    ] = None
    min_requests: Annotated[
        int,
        Meta(ge=1, le=1_000_000, description="a whole number from 1: in a minute, before it is judged"),
    ] = 20


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """A version that gets copies of requests; callers never see its answers."""

    version: VersionNumber
    share: Share = 1.0


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a version has done in the last hour, all gateways together.

    Attributes:
        error_share: failures among the requests, 0 to 1; of a canary the active version answered those.
        p99_ms: time that 99 of 100 requests stay below, right to a tenth.
        differing: copies that a shadow answered otherwise than the active version.
        dropped: copies that were not sent because too many were under way.

    """

    requests: int
    failures: int
    error_share: float
    p99_ms: float
    differing: int
    dropped: int


class DeploymentVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a model.

    Attributes:
        state: `active`, `canary` and `shadow` take part in the traffic.
        kept: its files are kept, so that it can be promoted.
        remark: why it was sent back, or an empty string.
        share: of the requests, or of their copies; null where it has no part.
        figures: null while the model's requests are not divided.

    """

    version: int
    state: VersionState
    kept: bool
    remark: str
    created_at: datetime
    activated_at: datetime | None
    share: float | None
    max_error_share: float | None
    max_p99_ms: float | None
    figures: Figures | None


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """A model's versions, newest first.

    Attributes:
        build: that loads the version which was asked for; null where it has its place already.

    """

    model: str
    build: int | None
    versions: list[DeploymentVersion]


def shown(model: str, versions: list[DeployedVersion], build: int | None = None) -> Deployment:
    """A deployment as this API tells it."""
    return Deployment(model=model, build=build, versions=[_version(each, versions) for each in versions])


def _version(version: DeployedVersion, versions: list[DeployedVersion]) -> DeploymentVersion:
    exposure = version.exposure
    return DeploymentVersion(
        version=version.number,
        state=version.state,
        kept=version.kept,
        remark=version.remark,
        created_at=version.created_at,
        activated_at=version.activated_at,
        share=_share(exposure, versions) if exposure else None,
        max_error_share=exposure.max_error_share if exposure else None,
        max_p99_ms=exposure.max_p99_ms if exposure else None,
        figures=_figures(version.tally) if version.tally else None,
    )


def _share(exposure: Exposure, versions: list[DeployedVersion]) -> float:
    """The active version's share is what the canary leaves."""
    if exposure.place is not Place.ACTIVE:
        return exposure.share
    exposures = [each.exposure for each in versions if each.exposure is not None]
    return 1 - sum(each.share for each in exposures if each.place is Place.CANARY)


def _figures(tally: Tally) -> Figures:
    return Figures(
        requests=tally.requests,
        failures=tally.failures,
        error_share=tally.error_share,
        p99_ms=tally.p99_ms,
        differing=tally.differing,
        dropped=tally.dropped,
    )
