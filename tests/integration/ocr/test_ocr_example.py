"""The example reads images and PDFs."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from drawn import ROWS, invoice, png, rows, scanned
from ocr_site import ROOT, Site

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

EXAMPLE = Path(__file__).parents[3] / "examples" / "ocr.sh"


@pytest.mark.parametrize("content", [png(invoice()), scanned(invoice())], ids=["image", "pdf"])
async def test_a_document_is_read(site: Site, tmp_path: Path, content: bytes) -> None:
    document = tmp_path / "invoice"
    document.write_bytes(content)
    process = await asyncio.create_subprocess_exec(
        *(EXAMPLE, document),
        env={**os.environ, "URL": site.url, "KEY": ROOT, "NO_PROXY": "*"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    (page,) = json.loads(output)["pages"]
    assert rows(page["markdown"]) == ROWS
