"""Documents read for real: images, scans, their pages and pictures, by the official client too."""

import pytest
from drawn import ROWS, data_url, invoice, png, rows, scanned, written
from mistralai.client import Mistral
from ocr_site import MODEL, ROOT, Site
from PIL import Image

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


async def test_an_invoice_by_the_official_client(site: Site) -> None:
    document = {"type": "image_url", "image_url": data_url(png(invoice()), "image/png")}
    async with Mistral(api_key=ROOT, server_url=site.url) as client:
        answer = await client.ocr.process_async(model=MODEL.name, document=document)  # type: ignore[arg-type]
    (page,) = answer.pages
    assert answer.model == MODEL.name
    assert rows(page.markdown) == ROWS
    assert page.dimensions is not None
    assert (page.dimensions.width, page.dimensions.height) == (900, 640)
    assert answer.usage_info.pages_processed == 1


@pytest.mark.parametrize("angle", [180, 90, 5])
async def test_pages_that_lie_wrong(site: Site, angle: int) -> None:
    turned = invoice().rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    answer = await site.ocr({"type": "image_url", "image_url": {"url": data_url(png(turned), "image/png")}})
    assert answer.status_code == 200, answer.text
    text = "".join(rows(answer.json()["pages"][0]["markdown"]))
    assert all(word in text for word in ("INVOICE", "HarbourStreet", "Linensail", "Bronzeram", "310.40"))


async def test_a_scan_of_two_pages_of_which_one_is_wanted(site: Site) -> None:
    blank = Image.new("RGB", (400, 300), "white")
    document = {"type": "document_url", "document_url": data_url(scanned(blank, invoice()))}
    answer = (await site.ocr(document, pages=[1])).json()
    (page,) = answer["pages"]
    assert (page["index"], page["dimensions"]["dpi"]) == (1, 150)
    assert rows(page["markdown"]) == ROWS
    assert page["images"] == []  # the scan is the page itself
    assert answer["id"].startswith("request-")
    assert answer["usage"]["requests"] == 1
    assert answer["usage_info"]["pages_processed"] == 1
    first, second = (await site.ocr(document)).json()["pages"]
    assert (first["markdown"], rows(second["markdown"])) == ("", ROWS)


async def test_light_letters_on_nothing_stand_on_white(site: Site) -> None:
    ink = invoice().convert("L").point(lambda shade: 255 - shade)
    image = Image.new("RGBA", ink.size, (0, 0, 0, 0))
    image.putalpha(ink)
    answer = await site.ocr({"type": "image_url", "image_url": data_url(png(image), "image/png")})
    assert rows(answer.json()["pages"][0]["markdown"]) == ROWS


async def test_text_is_read_off_the_page_even_where_the_page_brings_its_own(site: Site) -> None:
    document = {"type": "document_url", "document_url": data_url(written(["Rowers wanted"]))}
    (page,) = (await site.ocr(document)).json()["pages"]
    assert page["markdown"] == "Rowers wanted"
