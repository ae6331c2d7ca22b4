"""Documents that others' APIs read: passed on as they are."""

import pytest
from inference_site import Site
from mistralai.client import Mistral
from mistralai.client.models import ResponseFormat
from vendors import SECRET, Vendors
from vendors_readers import PAGE

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

DOCUMENT = {"type": "document_url", "document_url": "https://example.org/secret-report.pdf"}


async def test_the_provider_gets_what_the_official_client_sent(site: Site, vendors: Vendors) -> None:
    model = await site.model(vendors.at("mistral"), "mistral", "image-to-text")
    key = await site.user(model, limits={"rpm": 1})
    vendors.asked.clear()
    async with Mistral(api_key=key, server_url=site.url) as client:
        answer = await client.ocr.process_async(
            model=model,
            document=DOCUMENT,  # type: ignore[arg-type]  # a dict will do
            pages=[0],
            table_format="html",
            document_annotation_format=ResponseFormat(type="json_object"),
        )
    ((authorization, sent),) = vendors.asked
    assert authorization == f"Bearer {SECRET}"
    assert (sent["model"], sent["document"], sent["pages"]) == ("real-name", DOCUMENT, [0])
    assert (sent["table_format"], sent["document_annotation_format"]) == ("html", {"type": "json_object"})
    assert "image_limit" not in sent
    assert (answer.model, answer.document_annotation) == (model, "{}")
    assert answer.pages[0].markdown == PAGE["markdown"]
    again = await site.call("POST", "/ocr", {"model": model, "document": DOCUMENT}, key=key)
    assert (again.status_code, again.json()["detail"]) == (
        429,
        "1 requests per minute exceeded (remaining: 0).",
    )


async def test_documents_leave_a_record(site: Site, vendors: Vendors) -> None:
    model = await site.model(vendors.at("mistral"), "mistral", "image-to-text")
    key = await site.user(model)
    assert (await site.call("POST", "/ocr", {"model": model, "document": DOCUMENT}, key=key)).is_success
    while not (usage := (await site.call("GET", "/me/usage?endpoint=/v1/ocr", key=key)).json()["data"]):
        pass  # it is written within a moment
    assert [(each["model"], each["endpoint"], each["status"]) for each in usage] == [(model, "/v1/ocr", 200)]


async def test_what_the_provider_refuses_is_told(site: Site, vendors: Vendors) -> None:
    model = await site.model(vendors.at("mistral"), "mistral", "image-to-text")
    vendors.faults["mistral"] = (422, b'{"message": "no such page"}')
    answer = await site.call("POST", "/ocr", {"model": model, "document": DOCUMENT})
    assert (answer.status_code, answer.json()) == (422, {"detail": "no such page"})


async def test_models_of_other_types_read_nothing(site: Site, vendors: Vendors) -> None:
    model = await site.model(vendors.at("mistral"), "mistral")
    answer = await site.call("POST", "/ocr", {"model": model, "document": DOCUMENT})
    assert (answer.status_code, answer.json()) == (422, {"detail": "Wrong model type."})
