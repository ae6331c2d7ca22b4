"""Calls to upstreams: what is sent, what comes back, and what of it callers may read."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from upstream_fakes import SECRET, Upstream, upstream

from control_plane.catalog import Catalog, Provider, Router, RouterStatus, TaskNotSupportedError
from control_plane.routers.kinds import ProviderKind
from control_plane.secret_box import SecretBox, new_key
from gateway.serving.errors import ProviderFailedError, UpstreamRefusedError
from gateway.serving.providers.adapter import Operation
from gateway.serving.providers.upstreams import Upstreams
from gateway.serving.routing.balancer import Balancer
from gateway.serving.routing.breaker import FAILURES, BreakerState
from gateway.serving.routing.monitor import ProviderMonitor
from gateway.serving.snapshots import Snapshots
from gateway.serving.triton import TritonPool

pytestmark = pytest.mark.integration

BOX = SecretBox([new_key()])
TEXTS = {"input": ["one"], "model": "alias"}


@pytest_asyncio.fixture
async def fake() -> AsyncIterator[Upstream]:
    async with upstream() as running:
        yield running


@pytest_asyncio.fixture
async def upstreams() -> AsyncIterator[Upstreams]:
    upstreams = Upstreams(BOX.open, TritonPool([], timeout=1, in_flight=1))
    yield upstreams
    await upstreams.close()


def provider(url: str, number: int = 1, kind: ProviderKind = ProviderKind.VLLM) -> Provider:
    return Provider(number, kind, f"{url}/", model_name="e5", secret=BOX.seal(SECRET), timeout=5)


async def test_the_model_travels_under_the_providers_name(fake: Upstream, upstreams: Upstreams):
    answer = await upstreams.call(provider(fake.at("vllm")), Operation.EMBEDDINGS, TEXTS)
    assert answer["model"] == "e5"
    assert fake.asked == [("vllm", "/v1/embeddings", f"Bearer {SECRET}", {"input": ["one"], "model": "e5"})]
    with pytest.raises(TaskNotSupportedError):
        await upstreams.call(provider(fake.at("vllm")), Operation.OCR, TEXTS)


async def test_refusals_keep_their_status_and_lose_what_is_secret(fake: Upstream, upstreams: Upstreams):
    with pytest.raises(UpstreamRefusedError) as caught:
        await upstreams.call(provider(fake.at("leaky")), Operation.EMBEDDINGS, TEXTS)
    assert caught.value.status == 401
    assert "is not welcome" in caught.value.message
    for secret in (SECRET, "sk-", fake.url, "127.0.0.1"):
        assert secret not in caught.value.message
    for path, status in (("failing", 500), ("html", 502)):
        with pytest.raises(ProviderFailedError) as failed:
            await upstreams.call(provider(fake.at(path)), Operation.EMBEDDINGS, TEXTS)
        assert failed.value.status == status
    with pytest.raises(ProviderFailedError, match="temporarily unavailable") as refused:
        await upstreams.call(provider("http://127.0.0.1:1"), Operation.EMBEDDINGS, TEXTS)
    assert refused.value.status == 503


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("hanging", "Model is too busy (ReadTimeout), please try again later"),
        ("cut", "Model is too busy (RemoteProtocolError), please try again later"),
    ],
)
async def test_a_connection_that_fails_is_told_by_its_kind(
    fake: Upstream, upstreams: Upstreams, path: str, message: str
):
    patient = replace(provider(fake.at(path)), timeout=1)
    with pytest.raises(ProviderFailedError) as failed:
        await upstreams.call(patient, Operation.EMBEDDINGS, TEXTS)
    assert (failed.value.status, failed.value.message) == (503, message)


async def test_what_cannot_be_sent_is_the_providers_fault(fake: Upstream, upstreams: Upstreams):
    odd = replace(provider(fake.at("vllm")), secret=BOX.seal("two\nlines"))
    for each in (odd, provider("http://127.0.0.1:99999")):
        with pytest.raises(ProviderFailedError, match="The address or the key"):
            await upstreams.call(each, Operation.EMBEDDINGS, TEXTS)


async def test_connections_are_kept(fake: Upstream, upstreams: Upstreams):
    for _ in range(3):
        await upstreams.call(provider(fake.at("vllm")), Operation.EMBEDDINGS, TEXTS)
    assert len(fake.clients) == 1


async def test_the_next_provider_answers_and_the_monitor_tells_when_the_first_is_back(
    fake: Upstream, upstreams: Upstreams
):
    both = (provider(fake.at("vllm"), 1), provider(fake.at("second"), 2))
    router = Router(1, "m", None, (), RouterStatus.READY, both)
    balancer, snapshots = Balancer(), Snapshots()
    snapshots.swap(Catalog(generation=1, routers={(None, "m"): router}))
    monitor = ProviderMonitor(snapshots, balancer, upstreams, interval=60)
    fake.down.add("vllm")

    async def ask() -> object:
        return await balancer.run(
            router, both, lambda each: upstreams.call(each, Operation.EMBEDDINGS, TEXTS)
        )

    for _ in range(FAILURES):
        await monitor.round()
        assert await ask()
    breaker = balancer.load(1).breaker
    assert breaker.state is not BreakerState.CLOSED
    assert balancer.load(2).breaker.state is BreakerState.CLOSED
    fake.down.clear()
    await monitor.round()
    assert breaker.state is BreakerState.HALF_OPEN
    while breaker.state is not BreakerState.CLOSED:
        assert await ask()
