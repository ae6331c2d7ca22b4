"""PDFs of all kinds in processes of their own: what is read of them, and what nobody should send."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from confined import FILTERED, seccomp_mode, unfiltered_python
from drawn import encrypted, invoice, scanned, typeset, with_picture, written

from gateway.serving.documents.errors import DocumentRefusedError
from gateway.serving.documents.pages import Page
from gateway.serving.documents.pdf import PdfOpener
from gateway.serving.documents.settings import DocumentSettings
from gateway.serving.errors import OverloadedError, UnconfinedError
from gateway.serving.layout.markdown import markdown

pytestmark = pytest.mark.integration

SETTINGS = DocumentSettings(max_pages=20, max_page_pixels=4_000_000, page_seconds=30)


async def opened(
    data: bytes,
    chosen: Sequence[int] | None = None,
    *,
    text: bool = True,
    settings: DocumentSettings = SETTINGS,
) -> list[Page]:
    return [page async for page in PdfOpener(settings).pages(data, chosen, text=text)]


async def refusal(
    data: bytes, chosen: Sequence[int] | None = None, *, settings: DocumentSettings = SETTINGS
) -> str:
    with pytest.raises(DocumentRefusedError) as caught:
        await opened(data, chosen, settings=settings)
    return caught.value.message.removeprefix("The document cannot be read: ")


async def test_text_comes_with_its_place_and_without_pixels() -> None:
    first, second = await opened(written(["one\ntwo", "three"]))
    assert first.lines is not None
    assert [line.text for line in first.lines] == ["one", "two"]
    assert first.image is None
    above, below = first.lines
    assert above.bottom < below.top
    assert above.left == pytest.approx(72 * 150 / 72, abs=3)
    assert (second.index, second.size, second.dpi) == (1, (1240, 1755), 150)


async def test_lines_are_as_large_as_their_font_and_end_where_there_is_room() -> None:
    (page,) = await opened(
        typeset(
            [
                ("F2", 24, 72, 700, "ace"),
                ("F1", 12, 72, 660, "joined by a hy-"),
                ("F1", 12, 72, 646, "phen"),
                ("F1", 12, 72, 620, "cell"),
                ("F1", 12, 200, 620, "next"),
            ]
        )
    )
    assert page.lines is not None
    large, above, *_, cell, beside = page.lines
    assert (large.text, large.bold, above.text, above.bold) == ("ace", True, "joined by a hy-", False)
    assert large.size == pytest.approx(24 * 150 / 72)
    assert above.size == pytest.approx(12 * 150 / 72)
    assert (cell.text, beside.text) == ("cell", "next")
    assert (cell.top, cell.bottom) == (beside.top, beside.bottom)


@pytest.mark.parametrize("by_row", [True, False])
async def test_columns_of_a_narrow_gutter_are_read_one_after_the_other(by_row: bool) -> None:
    pieces = [
        ("F1", 10, left, 700 - 12 * row, f"{name} {row} goes on and on up to here")
        for name, left in (("left", 72), ("right", 222))
        for row in range(4)
    ]
    (page,) = await opened(typeset(sorted(pieces, key=lambda piece: -piece[3]) if by_row else pieces))
    assert page.lines is not None
    gutter = min(line.left for line in page.lines if "right" in line.text) - page.lines[0].right
    assert gutter < page.lines[0].size
    assert [name for name in markdown(page.lines).split() if name in ("left", "right")] == (
        ["left"] * 4 + ["right"] * 4
    )


async def test_pages_are_drawn_where_they_have_no_text_or_it_is_not_wanted() -> None:
    (scan,) = await opened(scanned(invoice()))
    (page,) = await opened(written(["one"]), text=False)
    for drawn in (scan, page):
        assert drawn.lines is None
        assert drawn.image is not None
        assert drawn.image.size == drawn.size
        assert drawn.image.getextrema()[0] == (0, 255)


async def test_the_chosen_pages_in_their_order() -> None:
    pages = await opened(written([str(number) for number in range(10_000)]), [9999, 3])
    assert [page.lines[0].text for page in pages if page.lines] == ["9999", "3"]


async def test_pictures_have_a_place() -> None:
    (page,) = await opened(with_picture("one"))
    assert page.lines is not None
    assert page.image is not None  # to cut them out of
    ((left, top, right, bottom),) = page.pictures
    assert (right - left, bottom - top) == (pytest.approx(208, abs=2), pytest.approx(104, abs=2))
    assert page.image.crop((left + 9, top + 9, right - 9, bottom - 9)).getcolors() == [
        ((right - left - 18) * (bottom - top - 18), (255, 0, 0))
    ]


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"%PDF-1.7 and nothing else", "it is damaged."),
        (written(["one"])[:300], "it is damaged."),
        (encrypted(), "it is encrypted."),
        (written(["x"] * 21), "21 pages are asked for, and at most 20 are read at a time."),
    ],
)
async def test_what_is_not_read(data: bytes, cause: str) -> None:
    assert await refusal(data) == cause


async def test_a_page_that_is_not_there() -> None:
    assert "it has 1 pages, the first is 0, and page 1 is asked for" in await refusal(
        written(["one"]), [0, 1]
    )


@pytest.mark.parametrize("size", [(14_400, 14_400), (1e8, 1e8), (1e6, 1), (0.01, 0.01)])
async def test_a_huge_page_is_drawn_coarsely(size: tuple[float, float]) -> None:
    (page,) = await opened(written([""], size), text=False)
    width, height = page.size
    assert width * height <= SETTINGS.max_page_pixels * 1.1


async def test_a_document_that_takes_too_much_memory() -> None:
    little = replace(SETTINGS, memory_bytes=48 * 2**20, max_page_pixels=100_000_000)
    cause = await refusal(written([""], (14_400, 14_400)), settings=little)
    assert cause == "it is damaged, or takes too much memory."


async def test_a_document_that_takes_too_long() -> None:
    assert "a page takes longer than 0.001 seconds" in await refusal(
        written(["one"]), settings=replace(SETTINGS, page_seconds=0.001)
    )


async def test_no_more_wait_than_may() -> None:
    opener = PdfOpener(replace(SETTINGS, at_once=1, queue=1))
    data = written(["one"])
    first, second = (opener.pages(data, None, text=True) for _ in range(2))
    await anext(first)
    waiting = asyncio.create_task(anext(second))
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await anext(opener.pages(data, None, text=True))
    await first.aclose()
    assert (await waiting).index == 0
    await second.aclose()


async def test_the_process_is_confined_before_it_sees_the_document() -> None:
    others = psutil.Process().children()
    pages = PdfOpener(SETTINGS).pages(scanned(*[invoice()] * 9), None, text=True)
    await anext(pages)
    (process,) = set(psutil.Process().children()) - set(others)  # it has more pages than the pipe holds
    assert seccomp_mode(process.pid) == FILTERED
    await pages.aclose()


async def test_hosts_that_cannot_confine_open_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(unfiltered_python(tmp_path)))
    with pytest.raises(UnconfinedError):
        await opened(written(["one"]))
