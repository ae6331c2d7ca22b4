"""The examples of tools and schemas run, with a model here."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest
from generation_site import Site, gateway

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

EXAMPLES = Path(__file__).parents[3] / "examples"


async def run(site: Site, example: str) -> str:
    """What an example writes, asked of a model with room for a description of tools."""
    await site.serve("roomy")
    async with gateway(site) as client:
        here = {"URL": str(client.base_url), "KEY": client.headers["x-api-key"], "NO_PROXY": "*"}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, EXAMPLES / example, "roomy"),
            env={**os.environ, **here},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


async def test_a_function_is_called_and_its_result_answered(site: Site):
    call, _, answer = (await run(site, "tools.py")).partition("\n")
    name, arguments, count = re.fullmatch(r"(\w+) (.+) = (\d+)", call).groups()
    assert name == "rowers"
    assert json.loads(arguments)["ship"] == {"170": "trireme", "50": "penteconter"}[count]
    assert answer.strip() not in {"", "None"}


async def test_an_answer_is_an_object_of_the_schema(site: Site):
    output = await run(site, "schema.py")
    assert re.fullmatch(r"kind='(trireme|merchant|ferry)' rows=[0-5] armed=(True|False)\n", output)
