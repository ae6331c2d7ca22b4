"""`/v1/me/usage` and `/metrics` over HTTP."""

from time import time

import pytest
from identity_site import Site
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.parser import text_string_to_metric_families

from control_plane.usage.records import Ended, UsageRecord
from control_plane.usage.service import UsageService

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


def record(account_id: int, call_id: str, age: float, **fields: object) -> Ended:
    described = {
        "endpoint": "/v1/embeddings", "status": 200, "prompt_tokens": 5, "cost": 0.25, "kwh": 1e-7,
        "kgco2eq": 1e-8, "latency_ms": 12.5, **fields,
    }  # fmt: skip
    return Ended(
        UsageRecord(
            call_id=call_id, created_at=time() - age, account_id=account_id, key_id=2, key_name="laptop",
            router_id=3, router_name="mini", provider_id=4, task="embedding", api="opengatellm",
            method="POST", request_id="r", **described,
        ),  # type: ignore[arg-type]
        None,
    )  # fmt: skip


async def test_every_endpoint_whose_calls_are_recorded_can_be_asked_for(site: Site) -> None:
    spec = (await site.client.get("/docs/openapi.json")).json()
    recorded = {
        path
        for path, item in spec["paths"].items()
        if {"tasks", "inference", "kserve"} & set(item.get("post", {}).get("tags", ()))
    }
    parameters = {each["name"]: each for each in spec["paths"]["/v1/me/usage"]["get"]["parameters"]}
    (endpoints,) = (each["enum"] for each in parameters["endpoint"]["schema"]["anyOf"] if "enum" in each)
    assert set(endpoints) == recorded | {"/v1/search"}


async def test_usage_is_paged_and_filtered(site: Site) -> None:
    user = await site.user()
    key = await site.key(user)
    await UsageService(site.database).write([
        record(user, "a", 300), record(user, "b", 200), record(user, "c", 100, status=503),
        record(user, "d", 50, endpoint="/v1/chat/completions", completion_tokens=7, ttft_ms=30.0),
        record(user, "old", 40 * 86_400), record(0, "other", 10),
    ])  # fmt: skip
    answer = await site.call("GET", "/me/usage", key=key)
    assert answer.status_code == 200
    assert answer.json()["object"] == "list"
    newest, *rest = answer.json()["data"]
    assert len(rest) == 2
    created = newest.pop("created")
    assert abs(created - time() + 50) < 30
    assert newest == {
        "object": "me.usage", "model": "mini", "key": "laptop", "endpoint": "/v1/chat/completions",
        "method": "POST", "status": 200,
        "usage": {
            "prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12, "cost": 0.25,
            "carbon": {"kWh": 1e-7, "kgCO2eq": 1e-8}, "metrics": {"latency": 12.5, "ttft": 30.0},
        },
    }  # fmt: skip

    async def listed(query: str) -> list[int]:
        answer = await site.call("GET", f"/me/usage?{query}", key=key)
        assert answer.status_code == 200, answer.text
        return [call["created"] for call in answer.json()["data"]]

    assert len(await listed("start_time=0")) == 4
    assert len(await listed("endpoint=/v1/chat/completions")) == 1
    assert await listed("endpoint=/text-vectorisation") == []
    assert await listed(f"start_time={created}&end_time={created}") == [created]
    assert len(await listed("endpoint=/v1/embeddings&limit=1&offset=1")) == 1
    assert await listed(f"start_time={created + 9}&end_time={created}") == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "offset=-1", "start_time=soon", "end_time=x", "endpoint=/v1/models"]
)
async def test_a_query_that_breaks_a_rule_is_422(site: Site, query: str) -> None:
    answer = await site.call("GET", f"/me/usage?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", query.partition("=")[0]]


async def test_metrics_are_for_those_who_may_read_them(site: Site) -> None:
    reader, other = (
        await site.key(await site.user("read_metric")),
        await site.key(await site.user("admin")),
    )
    anonymous = await site.client.get("/metrics")
    assert (anonymous.status_code, anonymous.json()) == (401, {"detail": "Not authenticated"})
    refused = await site.client.get("/metrics", headers={"authorization": f"Bearer {other}"})
    assert (refused.status_code, refused.json()) == (403, {"detail": "Insufficient rights."})
    answer = await site.client.get("/metrics", headers={"authorization": f"Bearer {reader}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == CONTENT_TYPE_LATEST
    families = {family.name for family in text_string_to_metric_families(answer.text)}
    assert {
        "ogl_http_requests", "ogl_http_request_duration_seconds", "ogl_http_request_duration_highr_seconds",
        "ogl_inference_requests", "ogl_inference_requests_duration_seconds", "ogl_inference_tokens",
        "ogl_inference_ttft_milliseconds", "ogl_inference_output_tokens_per_second",
        "ogl_http_request_size_bytes", "ogl_http_response_size_bytes",
        "trireme_task_seconds", "trireme_task_stage_seconds", "trireme_pack_rows",
        "trireme_queue_rows", "trireme_queue_calls", "trireme_usage_waiting", "trireme_usage_dropped",
    } <= families  # fmt: skip


async def test_metrics_know_builds_and_sizes(site: Site) -> None:
    reader = await site.key(await site.user("read_metric"))
    await site.router()

    async def samples() -> dict[tuple[str, ...], float]:
        page = await site.client.get("/metrics", headers={"authorization": f"Bearer {reader}"})
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(page.text)
            for sample in family.samples
        }

    before = await samples()
    assert before["trireme_builds", "queued"] >= 1
    body = {"name": f"role {next(site.numbers)}"}
    answer = await site.call("POST", "/admin/roles", body)
    after = await samples()
    for way, number in (
        ("request", int(answer.request.headers["content-length"])),
        ("response", len(answer.content)),
    ):
        name = (f"ogl_http_{way}_size_bytes_sum", "/v1/admin/roles")
        assert after[name] - before.get(name, 0) == number
