"""The examples run, and show what the model says."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from inference_site import ROOT, Site
from vendors import ANSWER, Vendors

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

EXAMPLES = Path(__file__).parents[3] / "examples"


async def run(site: Site, *command: str) -> str:
    """What a program writes."""
    environment = {**os.environ, "URL": site.url, "KEY": ROOT}
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


async def test_chats_by_the_official_client(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("vllm"), "vllm")
    output = await run(site, sys.executable, str(EXAMPLES / "chat.py"), model)
    assert output.splitlines() == [ANSWER, ANSWER, "7 tokens", ANSWER]


async def test_chats_by_curl(site: Site, vendors: Vendors):
    model = await site.model(vendors.at("vllm"), "vllm")
    whole, *events = (await run(site, str(EXAMPLES / "chat.sh"), model)).splitlines()
    assert ANSWER in whole
    assert events[-2:] == ["", ""]
    assert events[-3] == "data: [DONE]"
