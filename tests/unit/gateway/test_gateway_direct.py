"""Handlers that are called without Litestar's help: what they get, and what becomes of their answers."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
import pytest
from litestar import Request, Response, Router, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from litestar.response import Stream
from litestar.testing import TestClient, create_test_client
from msgspec import Meta

from gateway.answers import JSONAnswer
from gateway.body import StrictJSON
from gateway.direct import direct_layer
from gateway.errors import Failure, handlers


class Word(msgspec.Struct):
    word: Annotated[str, Meta(description="a string")]


class Quick(StrictJSON[Word]):
    """The kind whose handlers are called directly."""


@dataclass
class Voice:
    """A service; it notes the requests that Litestar itself has answered."""

    mark: str = "!"
    slowly: list[str] = field(default_factory=list)


VOICE = Voice()


def after(request: Request[Any, Any, Any]) -> None:
    VOICE.slowly.append(request.url.path)


@post("/said", dto=Quick, return_dto=None, status_code=200)
async def said(
    request: Request[Any, Any, Any], data: JSONBody[Word], voice: NamedDependency[Voice]
) -> Response[bytes]:
    return JSONAnswer(msgspec.json.encode([data.word + voice.mark, request.headers["x-who"]]))


@post("/spelt", dto=Quick, return_dto=None, status_code=200)
async def spelt(request: Request[Any, Any, Any], data: JSONBody[Word]) -> Stream:
    async def letters() -> AsyncIterator[bytes]:
        for letter in data.word:
            yield letter.encode()

    return Stream(letters(), media_type="text/plain")


@post("/slow", dto=StrictJSON[Word], return_dto=None, status_code=200)
async def slow(data: JSONBody[Word]) -> dict[str, str]:
    return {"word": data.word}


@post("/wrong", dto=Quick, return_dto=None)
async def wrong(
    request: Request[Any, Any, Any], data: JSONBody[Word], anew: NamedDependency[int]
) -> Response[bytes]:
    raise AssertionError("it must not be called")


def render(failure: Failure) -> object:
    return {"told": failure.message}


@pytest.fixture
def client() -> Iterator[TestClient[Any]]:
    VOICE.slowly.clear()
    router = Router(
        path="/",
        route_handlers=[said, spelt, slow, wrong],
        middleware=[direct_layer(Quick)],
        exception_handlers=handlers(render),
    )
    dependencies = {
        "voice": Provide(lambda: VOICE, use_cache=True, sync_to_thread=False),
        "anew": Provide(lambda: 1, sync_to_thread=False),
    }
    with create_test_client(router, dependencies=dependencies, after_response=after) as client:
        yield client


def test_a_handler_gets_its_request_its_body_and_its_services(client: TestClient[Any]) -> None:
    for word in ("ship", "oar"):
        answer = client.post("/said", json={"word": word}, headers={"x-who": "crew"})
        assert answer.status_code == 200
        assert answer.json() == [f"{word}!", "crew"]
    assert VOICE.slowly == []


def test_an_answer_may_come_in_pieces(client: TestClient[Any]) -> None:
    answer = client.post("/spelt", json={"word": "oar"})
    assert (answer.status_code, answer.text) == (200, "oar")
    assert answer.headers["content-type"].startswith("text/plain")
    assert VOICE.slowly == []


def test_handlers_of_other_bodies_are_left_to_litestar(client: TestClient[Any]) -> None:
    assert client.post("/slow", json={"word": "oar"}).json() == {"word": "oar"}
    assert VOICE.slowly == ["/slow"]


@pytest.mark.parametrize("path", ["/said", "/slow"])
@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "the body must be a JSON object"),
        (b"{", "the body is not valid JSON: Input data was truncated"),
        (b"{}", "`word` is missing: it must be a string"),
    ],
)
def test_errors_are_told_as_litestar_has_them_told(
    client: TestClient[Any], path: str, body: bytes, told: str
) -> None:
    answer = client.post(path, content=body)
    assert (answer.status_code, answer.json()) == (400, {"told": told})


def test_what_each_request_has_anew_cannot_be_taken(client: TestClient[Any]) -> None:
    client.raise_server_exceptions = False
    assert client.post("/wrong", json={"word": "oar"}).status_code == 500
