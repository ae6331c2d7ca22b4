"""A model whose chat template fills memory, beside others that go on answering."""

import asyncio

import pytest
from generation_site import Site, gateway
from memory import peak
from msgspec.structs import replace

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

HOSTILE = (
    "{% set all = namespace(x='x') %}{% for _ in range(99) %}{% set all.x = all.x ~ all.x %}{% endfor %}"
)
CALLS = 6


async def test_a_template_that_fills_memory_costs_the_gateway_none(site: Site) -> None:
    llama = (await site.serve("llama")).manifest
    await site.route("hostile", replace(llama, head=replace(llama.head, chat_template=HOSTILE)))
    async with gateway(site) as client:
        headers = {"authorization": f"Bearer {client.headers['x-api-key']}"}

        async def ask(model: str) -> tuple[int, str]:
            body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 4}
            answer = await client.post("/v1/chat/completions", json=body, headers=headers)
            return answer.status_code, str(answer.json().get("detail"))

        assert await ask("llama") == (200, "None")
        before = peak(forget=True)
        refused = await asyncio.gather(*(ask("hostile") for _ in range(CALLS)), ask("llama"))
        assert refused.pop() == (200, "None")
        for status, detail in refused:
            assert (status, "more than 256 MiB of memory" in detail) == (400, True), detail
        assert peak() - before < 64 * 2**20
