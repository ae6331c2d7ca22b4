"""What a caller of the KServe protocol means by a name: graphs, versions, and what is refused."""

from typing import Any

import pytest
from kserve_graphs import graph

from control_plane.catalog import Catalog, Key, ModelNotFoundError, Principal, Provider, Router, RouterStatus
from control_plane.deployments.exposure import Exposure, Place
from control_plane.routers.kinds import ProviderKind
from gateway.serving.kserve.naming import find
from model_repository.errors import RefusedInputError
from model_repository.manifest import Engine, Manifest

CALLER = Key(id=1, principal=Principal(id=1, name="alice"))


def provider(*graphs: Manifest, kind: ProviderKind = ProviderKind.TRITON, **fields: Any) -> Provider:
    return Provider(id=graphs[0].version if graphs else 9, kind=kind, url=None, graphs=graphs, **fields)


def catalog(name: str, *providers: Provider) -> Catalog:
    router = Router(id=1, name=name, owner_id=None, tasks=(), status=RouterStatus.READY, providers=providers)
    return Catalog(generation=1, routers={(None, name): router})


CANARY = provider(graph(version=4), exposure=Exposure(place=Place.CANARY, share=0.1))


def test_the_active_version_is_meant_where_none_is_named() -> None:
    found = find(catalog("echo", provider(graph()), CANARY), CALLER, "echo")
    assert (found.graph.version, found.versions, len(found.providers)) == (3, [3], 1)


def test_a_version_must_be_in_service() -> None:
    served = catalog("echo", provider(graph()), CANARY)
    assert find(served, CALLER, "echo", "3").graph.version == 3
    for version in ("4", "7", "03", "x"):
        with pytest.raises(ModelNotFoundError, match="it has 3"):
            find(served, CALLER, "echo", version)


def test_each_graph_of_several_has_a_name() -> None:
    served = catalog("clip", provider(graph(part="text"), graph(part="image")))
    assert find(served, CALLER, "clip.image").graph.part == "image"
    with pytest.raises(RefusedInputError, match=r"ask for clip\.image or clip\.text"):
        find(served, CALLER, "clip")
    for name in ("clip.sound", "clip.", "clip.text.text", "other.text"):
        with pytest.raises(ModelNotFoundError):
            find(served, CALLER, name)


def test_a_dot_may_be_part_of_a_name() -> None:
    assert find(catalog("v1.text", provider(graph())), CALLER, "v1.text").part == ""


@pytest.mark.parametrize(
    ("served", "told"),
    [
        (provider(graph(engine=Engine.GENERATION)), "answers in pieces"),
        (provider(graph(engine=Engine.CUSTOM)), "its author's own code"),
        (provider(kind=ProviderKind.TEI), "another's API"),
    ],
)
def test_models_that_do_not_answer_tensors_by_tensors_are_refused(served: Provider, told: str) -> None:
    with pytest.raises(RefusedInputError, match=told):
        find(catalog("odd", served), CALLER, "odd")
