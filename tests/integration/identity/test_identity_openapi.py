"""The description of the administrative routes is whole, and the server keeps to it."""

from pathlib import Path

import pytest
from conformance import keeps_to_description
from identity_site import ROOT, Site

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

BAD_REQUESTS = {"create_token", "create_key", "update_router", "create_provider", "update_provider"}


async def test_every_operation_is_described_with_its_parameters_and_an_example(site: Site):
    spec = (await site.client.get("/docs/openapi.json")).json()
    schemas = spec["components"]["schemas"]
    operations = [
        operation
        for path, item in spec["paths"].items()
        for operation in item.values()
        if path.startswith("/v1/") and operation["tags"] != ["inference"]
    ]
    assert len(operations) == 40
    for operation in operations:
        name = operation["operationId"]
        open_to_all = operation["tags"] == ["auth"]
        assert operation.get("security", []) == ([] if open_to_all else [{"bearer": []}]), name
        assert "422" in operation["responses"], name
        assert ("400" in operation["responses"]) == (name in BAD_REQUESTS)
        assert all(parameter["description"] for parameter in operation.get("parameters", [])), name
        if body := operation.get("requestBody"):
            schema = body["content"]["application/json"]["schema"]
            schema = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
            assert (
                set(schema.get("required", ())) <= schema["examples"][0].keys() <= schema["properties"].keys()
            )
    limits = schemas["CreateRole"]["properties"]["limits"]
    assert limits["items"]["properties"]["type"]["enum"] == ["tpm", "tpd", "rpm", "rpd"]
    names = [each["name"] for each in spec["paths"]["/v1/admin/users"]["get"]["parameters"]]
    assert names == ["offset", "limit", "order_by", "order_direction", "role", "organization", "email"]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("site", ["postgresql"], indirect=True)  # the stricter one
async def test_server_keeps_to_its_description(site: Site, tmp_path: Path):
    options = (
        *("--phases", "examples,coverage"),
        # Litestar's answer to OPTIONS names the methods of one handler of a path only. Unique names, times in
        # the future and trimmed strings no schema can say; numbers may come as strings, as in the reference.
        *("--exclude-checks", "allow_header_conformance,positive_data_acceptance,negative_data_rejection"),
        *("--include-path-regex", "^/(v1/|metrics$)"),
        *("--header", f"Authorization: Bearer {ROOT}"),
    )
    await keeps_to_description(f"{site.client.base_url}/docs/openapi.json", tmp_path, *options)
