"""The description is complete, the page works alone, and the server keeps to what it describes."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from conformance import keeps_to_description

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

TASKS = (
    "text_vectorisation",
    "text_classification",
    "image_classification",
    "image_vectorisation",
    "image_text_vectorisation",
    "qa",
    "text_generation",
    "summarisation",
    "emotion",
    "custom",
)
OPERATIONS = {
    **{task: {"200", "400", "403", "404", "409", "413", "429", "502", "503"} for task in TASKS},
    "list_models": {"200", "400", "403", "503"},
    "get_model": {"200", "400", "403", "404", "503"},
    "delete_model": {"200", "400", "403", "404", "503"},
    "get_file": {"200", "400", "403", "404", "503"},
    "upload_url": {"200", "400", "403", "413", "429", "503"},
    "upload": {"200", "400", "403", "408", "409", "413", "503", "507"},
    "list_builds": {"200", "400", "403", "503"},
    "get_build": {"200", "400", "403", "404", "503"},
    "cancel_build": {"200", "400", "403", "404", "503"},
    "retry_build": {"200", "400", "403", "404", "409", "503"},
    "get_build_parity": {"200", "400", "403", "404", "503"},
    "follow_build_log": {"200", "400", "403", "404", "503"},
    "get_deployment": {"200", "400", "403", "404", "503"},
    **{
        change: {"200", "400", "403", "404", "409", "503"}
        for change in (
            "promote_version",
            "rollback_deployment",
            "split_deployment",
            "end_split",
            "shadow_deployment",
            "end_shadow",
        )
    },
    "health": {"200"},
    "live": {"200"},
    "ready": {"200", "503"},
}


async def description(client: httpx.AsyncClient) -> dict[str, Any]:
    return (await client.get("/docs/openapi.json")).json()


async def test_description_names_every_operation_and_answer(client: httpx.AsyncClient) -> None:
    spec = await description(client)
    operations = [each for path, item in spec["paths"].items() for each in item.values() if own(path)]
    assert {each["operationId"]: set(each["responses"]) for each in operations} == OPERATIONS
    for each in operations:
        open_to_all = each["tags"] == ["health"] or each["operationId"] == "upload"
        assert each.get("security", []) == ([] if open_to_all else [{"x-api-key": []}])
    for task in TASKS:
        operation = spec["paths"][f"/{task.replace('_', '-')}"]["post"]
        assert operation["requestBody"]["content"]["application/json"]["schema"]["examples"]
        assert operation["responses"]["200"]["content"]["application/json"]["examples"]


def own(path: str) -> bool:
    """Other APIs have tests of their own."""
    return not path.startswith(("/v1/", "/v2", "/metrics"))


async def test_page_needs_neither_key_nor_network_nor_script(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs", headers={"x-api-key": ""})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    for operation in OPERATIONS:
        assert f'id="{operation}"' in page.text
    assert "to be compared by cosine similarity" in page.text
    assert "<script" not in page.text
    assert not re.findall(r'(?:src|href)="(?!#|/docs)[^"]*', page.text)
    assert "curl -X POST" in page.text


async def test_the_description_is_found_at_the_root_too(client: httpx.AsyncClient) -> None:
    found = await client.get("/openapi.json", follow_redirects=True, headers={"x-api-key": ""})
    assert found.json() == await description(client)


@pytest.mark.timeout(900)
async def test_server_keeps_to_its_description(zoo: httpx.AsyncClient, tmp_path: Path) -> None:
    key = zoo.headers["x-api-key"]
    options = (
        *("--max-examples", "10", "--phases", "examples,coverage,fuzzing"),
        # Litestar's answer to OPTIONS names the methods of one handler of a path only.
        # What makes an image, and that two lists are of one length, no schema can say.
        *("--exclude-checks", "allow_header_conformance,positive_data_acceptance"),
        *("--exclude-path-regex", "^/(v[12]/|v2$|metrics$)"),
        *("--header", f"x-api-key: {key}"),
    )
    await keeps_to_description(f"{zoo.base_url}/docs/openapi.json", tmp_path, *options)
