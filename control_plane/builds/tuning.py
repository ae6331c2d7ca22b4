"""Whether what a tuning has found is worth its rollout."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from control_plane.builds.queue import Claim
from control_plane.builds.tables import Build
from control_plane.db.engine import Database
from control_plane.models.queries import version_in
from control_plane.models.tables import VersionState
from converters.spec import ConversionError
from model_repository.manifest import Candidate, EngineSpec, Manifest

WORTH = 1.05
"""So many times as fast an engine must be to replace the one that serves: two measurements of the same one
differ by some percent."""


async def reason_to_stay(database: Database, claim: Claim, tuned: Sequence[Manifest]) -> str:
    """Why the version in service stays, in one line; empty where the tuned one is to replace it.

    Raises:
        ConversionError: the source is no longer what the version in service was made of.

    """
    async with database.reading() as session:
        serving = await _serving(session, claim)
    if {each.source.digest for each in serving} - {each.source.digest for each in tuned}:
        raise ConversionError(
            "the source has changed since the version in service was made of it",
            hint=f"Make a new version of it: `trireme models rebuild {claim.model}`.",
        )
    engines = {each.part: each.engine for each in serving}
    reasons = [_reason(engines.get(each.part), each) for each in tuned]
    return "; ".join(reasons) if all(reasons) else ""


async def _serving(session: AsyncSession, claim: Claim) -> tuple[Manifest, ...]:
    build = await session.get_one(Build, claim.build_id)
    version = await version_in(session, build.model_id, VersionState.ACTIVE)
    return (version.manifests if version else None) or ()


def _reason(present: EngineSpec | None, tuned: Manifest) -> str:
    """Why a part's present engine stays, from figures of the same race."""
    if present == tuned.engine:
        return f"{present.label} stays the best"
    rival = next(one for one in tuned.candidates if one.chosen)
    known = next((one for one in tuned.candidates if one.engine == present), None)
    if known is None or not _is_sound(known) or rival.texts_per_second is None:
        return ""
    gain = rival.texts_per_second / (known.texts_per_second or rival.texts_per_second)
    if gain >= WORTH:
        return ""
    return f"{known.engine.label} stays: {rival.engine.label} is only {gain:.2f} times as fast"


def _is_sound(candidate: Candidate) -> bool:
    """It runs, and was not refused; what others beat in all figures was not judged anew."""
    refused = candidate.parity is not None and not candidate.parity.passed
    return not (candidate.error or candidate.unverified or refused)
