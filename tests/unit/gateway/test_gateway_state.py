"""Metrics of the present state: queues, providers, what was turned away, how builds went."""

from collections.abc import Mapping

import pytest
from gateway_state import small_recorder, state
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from control_plane.builds.figures import BuildFigures, StageFigures
from control_plane.catalog import Catalog, Provider, Router, RouterStatus
from control_plane.routers.kinds import ProviderKind
from control_plane.usage.records import UsageRecord
from gateway.body import BodyTooLargeError
from gateway.intake import Intake
from gateway.observability.builds import BuildMetrics
from gateway.serving.errors import OverloadedError
from gateway.serving.routing.balancer import Balancer
from gateway.serving.routing.breaker import FAILURES
from gateway.serving.snapshots import Snapshots


def sample(collector: Collector, name: str, labels: Mapping[str, str] | None = None) -> float | None:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry.get_sample_value(name, dict(labels or {}))


def test_a_provider_that_is_left_alone_is_down() -> None:
    well, ill = (Provider(number, ProviderKind.VLLM, f"http://{number}/") for number in (1, 2))
    router = Router(7, "chat", None, (), RouterStatus.READY, (well, ill))
    snapshots, balancer = Snapshots(), Balancer()
    snapshots.swap(Catalog(generation=1, routers={(None, "chat"): router}))
    for _ in range(FAILURES):
        balancer.load(ill.id).breaker.failed()
    balancer.load(well.id).in_flight = 3
    metrics = state(snapshots, balancer)
    labels = {"router": "chat", "provider": "1", "type": "vllm"}
    assert sample(metrics, "trireme_provider_up", labels) == 1
    assert sample(metrics, "trireme_provider_in_flight", labels) == 3
    assert sample(metrics, "trireme_provider_up", {**labels, "provider": "2"}) == 0


async def test_records_that_wait_and_records_that_were_dropped() -> None:
    recorder = small_recorder()
    for number in range(3):
        record = UsageRecord(
            call_id=str(number), created_at=0, account_id=1, key_id=1, key_name="", router_id=1,
            router_name="", provider_id=1, task="", api="", endpoint="", method="", status=200, request_id="",
        )  # fmt: skip
        recorder.put(record, None)
    metrics = state(recorder=recorder)
    assert sample(metrics, "trireme_usage_waiting") == 1
    assert sample(metrics, "trireme_usage_dropped_total") == 2


def test_what_the_door_turns_away_is_counted_by_its_reason() -> None:
    intake = Intake(max_requests=1, max_body=10, max_bytes=20)
    intake.requests = 2
    with pytest.raises(OverloadedError):
        intake.check(0)
    intake.requests = 1
    with pytest.raises(BodyTooLargeError):
        intake.check(11)
    metrics = state(intake=intake)
    assert sample(metrics, "trireme_gateway_refused_total", {"reason": "requests"}) == 1
    assert sample(metrics, "trireme_gateway_refused_total", {"reason": "body"}) == 1
    assert sample(metrics, "trireme_gateway_requests_in_progress") == 1


def test_rows_that_wait_are_told_by_model() -> None:
    assert sample(state(rows={"m": 5}), "trireme_queue_rows", {"model": "m"}) == 5


async def test_builds_that_cannot_be_read_are_those_of_the_last_time() -> None:
    answers = [BuildFigures({"failed": 2}, {("verify", "succeeded"): StageFigures(3, 7.5)})]

    async def read() -> BuildFigures:
        if not answers:
            raise OSError("no database")
        return answers.pop()

    metrics = BuildMetrics(read)
    for _ in range(2):
        await metrics.refresh()
        assert sample(metrics, "trireme_builds", {"status": "failed"}) == 2
        labels = {"stage": "verify", "status": "succeeded"}
        assert sample(metrics, "trireme_build_stages_total", labels) == 3
        assert sample(metrics, "trireme_build_stage_seconds_total", labels) == 7.5
