"""Documents: whatever a description calls right gets an answer that it knows."""

from pathlib import Path

import pytest
from conformance import Narrowed, keeps_to_description
from drawn import data_url, with_picture
from ocr_site import MODEL, ROOT, Site

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.timeout(900)
async def test_reading_keeps_to_its_description(site: Site, tmp_path: Path) -> None:
    document = with_picture("rowers wanted")
    narrowed = await Narrowed.of(site.client)
    narrowed.take(
        "/v1/ocr", model=MODEL.name, document={"type": "document_url", "document_url": data_url(document)}
    )
    narrowed.take("/v1/parse-beta", file=document.decode("ascii"))
    await keeps_to_description(
        narrowed.write(tmp_path),
        tmp_path,
        *("--url", site.url, "--header", f"Authorization: Bearer {ROOT}"),
        *("--mode", "positive", "--phases", "examples,coverage,fuzzing", "--max-examples", "10"),
        # Which pages the document has no schema says.
        *("--exclude-checks", "allow_header_conformance,positive_data_acceptance"),
    )
