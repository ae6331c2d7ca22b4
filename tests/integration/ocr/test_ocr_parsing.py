"""PDFs parsed: by their own text, by what is read off their pages, and what is refused."""

import pytest
from drawn import ROWS, encrypted, invoice, png, rows, scanned, with_picture, written
from ocr_site import Site, user_key

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

PAGES = ["one", "two\nlines", "three", "four"]


async def test_a_page_brings_its_own_text(site: Site) -> None:
    answer = await site.parse(written(PAGES), page_range="1-2,0")
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document["object"] == "list"
    assert [page["content"] for page in document["data"]] == ["two\n\nlines", "three", "one"]
    assert document["data"][0]["metadata"] == {"document_name": "report.pdf", "page": 1}
    assert document["data"][0]["object"] == "documentPage"
    assert document["usage"]["requests"] == 0


async def test_scans_are_read_and_so_is_everything_where_that_is_asked(site: Site) -> None:
    scan = (await site.parse(scanned(invoice()))).json()
    assert rows(scan["data"][0]["content"]) == ROWS
    assert scan["usage"]["requests"] == 1
    forced = (await site.parse(written(["Rowers wanted"]), force_ocr="true")).json()
    assert forced["data"][0]["content"] == "Rowers wanted"
    assert forced["usage"]["requests"] == 1


async def test_pictures_come_by_their_names(site: Site) -> None:
    (page,) = (await site.parse(with_picture("words"))).json()["data"]
    assert page["content"] == "words\n\n![img-0.jpeg](img-0.jpeg)"
    assert page["images"]["img-0.jpeg"].startswith("data:image/jpeg;base64,/9j/")


@pytest.mark.parametrize(
    ("content", "fields", "status", "detail"),
    [
        (png(invoice()), {}, 422, "File must be a pdf file."),
        (b"", {}, 422, "File must be a pdf file."),
        (encrypted(), {}, 422, "it is encrypted"),
        (written(["one"]), {"page_range": "1"}, 422, "page 1 is asked for"),
        (b"%PDF-" + bytes(5 * 2**20), {}, 413, "File size limit exceeded (max: 4194304 bytes)."),
    ],
)
async def test_what_is_no_pdf(
    site: Site, content: bytes, fields: dict[str, str], status: int, detail: str
) -> None:
    answer = await site.parse(content, **fields)
    assert (answer.status_code, detail in answer.json()["detail"]) == (status, True), answer.text


@pytest.mark.parametrize(
    ("fields", "place"), [({"page_range": "1-"}, "page_range"), ({"force_ocr": "maybe"}, "force_ocr")]
)
async def test_fields_that_break_their_rules(site: Site, fields: dict[str, str], place: str) -> None:
    answer = await site.parse(written(["one"]), **fields)
    assert (answer.status_code, answer.json()["detail"][0]["loc"][-1]) == (422, place)


async def test_a_form_without_a_file(site: Site) -> None:
    answer = await site.call("POST", "/parse-beta", data={"page_range": ""})
    assert (answer.status_code, answer.json()["detail"][0]["loc"][-1]) == (422, "file")


async def test_who_may_not_use_the_model_gets_text_and_no_reading(site: Site) -> None:
    key = await user_key(site)
    answer = await site.parse(written(["one"]), key=key)
    assert answer.json()["data"][0]["content"] == "one"
    refused = await site.parse(scanned(invoice()), key=key)
    assert (refused.status_code, refused.json()) == (
        403,
        {"detail": "Feature not enabled, please contact an administrator."},
    )
    unread = await site.ocr({"type": "image_url", "image_url": "data:,"}, key=key)
    assert (unread.status_code, unread.json()) == (404, {"detail": "Model not found."})
