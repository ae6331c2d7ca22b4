"""Who is refused before anything is done for a call."""

from collections.abc import Collection
from dataclasses import dataclass

import pytest
from mini_manifest import MANIFEST

from control_plane.catalog import Provider, Router, RouterStatus
from control_plane.deployments.exposure import Exposure, Place
from control_plane.routers.kinds import ProviderKind
from gateway.serving.admission import Admission
from gateway.serving.errors import OverloadedError
from model_repository.manifest import Manifest, Task

FIRST = Provider(1, ProviderKind.TRITON, "a:8001", graphs=(MANIFEST,))
SECOND = Provider(2, ProviderKind.TRITON, "b:8001", graphs=(MANIFEST,))
CANARY = Provider(3, ProviderKind.TRITON, None, graphs=(MANIFEST,), exposure=Exposure(Place.CANARY, 0.5))
ELSEWHERE = Provider(4, ProviderKind.TEI, "http://tei/")


@dataclass
class Queues:
    """Only these providers' take calls."""

    free: Collection[int]

    def takes(self, provider: Provider, graph: Manifest) -> bool:
        assert graph is MANIFEST
        return provider.id in self.free


def check(*providers: Provider, free: Collection[int] = ()) -> None:
    router = Router(1, "mini", None, (Task.EMBEDDING,), RouterStatus.READY, providers)
    Admission(Queues(free)).check(router, Task.EMBEDDING)


@pytest.mark.parametrize("providers", [(FIRST,), (FIRST, SECOND), (FIRST, CANARY)])
def test_a_call_that_nobody_takes_is_refused(providers: tuple[Provider, ...]) -> None:
    with pytest.raises(OverloadedError, match=r"^too many rows are waiting for model mini$"):
        check(*providers, free={CANARY.id})


def test_one_that_takes_it_is_enough() -> None:
    check(FIRST, SECOND, free={SECOND.id})
    check(FIRST, ELSEWHERE)
    check()
