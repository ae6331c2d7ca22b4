"""Requests for the text of documents that cannot be answered, and why."""

import pytest
from drawn import data_url, encrypted, invoice, png, with_picture, written
from ocr_site import DOCUMENTS, Site

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PDF = {"type": "document_url", "document_url": data_url(written(["one"]))}
IMAGE = data_url(png(invoice()), "image/png")


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"type": "file_id", "file_id": "1"}, ["body", "document"]),
        ({**PDF, "image_url": IMAGE}, ["body", "document", "document_url", "image_url"]),
        ({"type": "document_url"}, ["body", "document", "document_url", "document_url"]),
        ({"type": "image_url", "image_url": {}}, ["body", "document", "image_url", "image_url"]),
        ("text", ["body", "document"]),
    ],
)
async def test_what_is_no_document_names_its_place(site: Site, document: object, place: list[str]) -> None:
    answer = await site.ocr(document)
    assert answer.status_code == 422
    assert any(problem["loc"][: len(place)] == place for problem in answer.json()["detail"])


@pytest.mark.parametrize(
    ("document", "fields", "status", "detail"),
    [
        (PDF, {"model": None}, 404, "Model not found."),
        (PDF, {"model": "unknown"}, 404, "Model not found."),
        (PDF, {"pages": [1]}, 422, "page 1 is asked for"),
        (PDF, {"pages": "0-21"}, 422, "page 1 is asked for"),
        (
            PDF,
            {"document_annotation_format": {"type": "json_object"}},
            422,
            "`document_annotation_format` is not known to this model",
        ),
        ({"type": "image_url", "image_url": IMAGE}, {"pages": [3]}, 422, "page 3 is asked for"),
        ({"type": "image_url", "image_url": "data:image/png;base64,AAAA"}, {}, 400, "must be an image"),
        ({"type": "image_url", "image_url": "data:image/png,AAAA"}, {}, 422, "data:TYPE;base64,DATA"),
        ({"type": "image_url", "image_url": "data:image/png;base64,?"}, {}, 422, "not standard base64"),
        ({"type": "document_url", "document_url": "http://127.0.0.1/"}, {}, 422, "not public"),
        ({"type": "document_url", "document_url": data_url(b"%PDF-1.4 no")}, {}, 422, "it is damaged"),
        ({"type": "document_url", "document_url": data_url(encrypted())}, {}, 422, "it is encrypted"),
        (
            {"type": "document_url", "document_url": data_url(bytes(DOCUMENTS.max_bytes + 1))},
            {},
            413,
            "File size limit exceeded (max: 4194304 bytes).",
        ),
    ],
)
async def test_what_is_refused_says_why(
    site: Site, document: object, fields: dict[str, object], status: int, detail: str
) -> None:
    answer = await site.ocr(document, **fields)
    assert (answer.status_code, detail in answer.json()["detail"]) == (status, True), answer.text


async def test_pages_by_ranges_and_none_at_all(site: Site) -> None:
    document = {"type": "document_url", "document_url": data_url(written(list("abcd")))}
    answer = await site.ocr(document, pages="1-2, 1,0")
    assert [page["index"] for page in answer.json()["pages"]] == [1, 2, 0]
    assert (await site.ocr(document, pages=[])).json()["pages"] == []
    refused = await site.ocr(document, pages="1-")
    assert refused.status_code == 422
    assert "string_pattern_mismatch" in {problem["type"] for problem in refused.json()["detail"]}


async def test_pictures_as_they_are_wanted(site: Site) -> None:
    document = {"type": "document_url", "document_url": data_url(with_picture("words"))}
    (page,) = (await site.ocr(document, include_image_base64=True)).json()["pages"]
    (picture,) = page["images"]
    assert picture["image_base64"].startswith("data:image/jpeg;base64,/9j/")
    assert picture["bottom_right_x"] - picture["top_left_x"] == pytest.approx(208, abs=2)
    assert page["markdown"] == "words\n\n![img-0.jpeg](img-0.jpeg)"
    (page,) = (await site.ocr(document)).json()["pages"]
    assert page["images"][0]["image_base64"] is None
    for fields in ({"image_limit": 0}, {"image_min_size": 150}):
        (page,) = (await site.ocr(document, **fields)).json()["pages"]
        assert (page["images"], page["markdown"]) == ([], "words")
