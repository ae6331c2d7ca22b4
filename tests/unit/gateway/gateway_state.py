"""What metrics of the present state are made from."""

from collections.abc import Mapping, Sequence

from control_plane.usage.records import Ended
from gateway.intake import Intake
from gateway.observability.state import StateMetrics
from gateway.serving.metering.recorder import Recorder
from gateway.serving.metering.settings import UsageSettings
from gateway.serving.routing.balancer import Balancer
from gateway.serving.snapshots import Snapshots


async def _write(_calls: Sequence[Ended]) -> None:
    raise OSError("no database")


def state(
    snapshots: Snapshots | None = None,
    balancer: Balancer | None = None,
    recorder: Recorder | None = None,
    intake: Intake | None = None,
    rows: Mapping[str, int] | None = None,
) -> StateMetrics:
    return StateMetrics(
        snapshots or Snapshots(),
        balancer or Balancer(),
        recorder or small_recorder(),
        intake or Intake(max_requests=1, max_body=1, max_bytes=1),
        lambda: rows or {},
    )


def small_recorder() -> Recorder:
    """Holds one record, and cannot get rid of it."""
    return Recorder(_write, UsageSettings(queue=1))
