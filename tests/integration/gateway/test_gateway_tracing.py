"""Traces of requests, through the real Triton to a receiver on a real socket."""

import asyncio

import pytest
from running import gateway
from site_setup import Site
from span_receiver import attributes, span_receiver

from gateway.settings import GatewaySettings, TracingSettings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

SECRET_TEXT = "three rows of oars"
TEXT = {"text": SECRET_TEXT, "model": "tiny"}
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADERS = {"traceparent": f"00-{TRACE}-{CALLER}-01", "x-request-id": "from-the-caller"}


async def test_the_spans_of_a_request_have_the_right_parents(site: Site, alice: str) -> None:
    async with span_receiver() as receiver:
        settings = GatewaySettings(tracing=TracingSettings(endpoint=receiver.url, sample_ratio=0))
        async with gateway(site, settings, alice) as client:
            answer = await client.post("/text-vectorisation", json=TEXT, headers=HEADERS)
            assert answer.status_code == 200
            await client.post("/text-vectorisation", json=TEXT)  # one that the ratio leaves out
    request, call = receiver.named("POST /text-vectorisation"), receiver.named("embedding")
    assert request.parent_span_id.hex() == CALLER
    assert call.parent_span_id == request.span_id
    assert receiver.named("auth").parent_span_id == request.span_id
    for name in ("tokenise", "queue", "triton", "ModelInfer"):
        part = receiver.named(name)
        assert part.parent_span_id == call.span_id
        assert call.start_time_unix_nano <= part.start_time_unix_nano <= part.end_time_unix_nano
    assert {span.trace_id.hex() for span in receiver.spans} == {TRACE}
    assert {attributes(span)["trireme.request_id"] for span in receiver.spans} == {"from-the-caller"}
    told = attributes(request)
    assert told["http.response.status_code"] == 200
    assert (told["http.route"], told["trireme.api"]) == ("/text-vectorisation", "backprop")
    assert attributes(call)["trireme.model"] == "tiny"
    assert attributes(call)["trireme.account_id"] == told["trireme.account_id"]
    everything = str(receiver.spans)
    assert alice not in everything
    assert SECRET_TEXT not in everything


async def test_a_refused_request_is_traced_without_a_call(site: Site, alice: str) -> None:
    async with span_receiver() as receiver:
        settings = GatewaySettings(tracing=TracingSettings(endpoint=receiver.url))
        async with gateway(site, settings, "nobody's key") as client:
            assert (await client.post("/text-vectorisation", json=TEXT)).status_code == 403
    request = receiver.named("POST /text-vectorisation")
    assert attributes(request)["http.response.status_code"] == 403
    assert "trireme.account_id" not in attributes(request)
    assert {span.name for span in receiver.spans} == {"POST /text-vectorisation", "auth"}


async def test_nobody_minds_that_the_receiver_is_away(site: Site, alice: str) -> None:
    settings = GatewaySettings(tracing=TracingSettings(endpoint="http://127.0.0.1:9/v1/traces"))
    async with gateway(site, settings, alice) as client:
        answers = await asyncio.gather(*(client.post("/text-vectorisation", json=TEXT) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
