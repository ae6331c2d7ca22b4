"""The description of the inference endpoints is whole: bodies, answers, refusals, examples."""

import pytest
from inference_site import Site

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

REFUSALS = {"400", "401", "403", "404", "413", "422", "429", "502", "503"}
CHATS = {
    "/v1/chat/completions": "messages",
    "/v1/completions": "prompt",
    "/v1/responses": "input",
}


async def test_chats_are_described_with_examples(site: Site):
    spec = (await site.client.get("/docs/openapi.json")).json()
    for path, content in CHATS.items():
        operation = spec["paths"][path]["post"]
        assert set(operation["responses"]) >= {"200", *REFUSALS}, path
        (answer,) = operation["responses"]["200"]["content"]["application/json"]["examples"].values()
        assert answer["value"]["usage"]["total_tokens"] == 11
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        body = spec["components"]["schemas"][reference.rpartition("/")[2]]
        assert set(body["required"]) == {"model", content}
        assert {"model", content} <= body["examples"][0].keys()
    chat = spec["components"]["schemas"]["ChatBody"]["properties"]
    assert chat["search"]["deprecated"] is True
    assert chat["temperature"]["default"] == 0.7
