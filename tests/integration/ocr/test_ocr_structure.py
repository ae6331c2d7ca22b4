"""A report with headings, a table and lists: the same Markdown by its own text and read off its page."""

import pytest
from drawn import typeset
from ocr_site import Site

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

BULLET = r"\225"
REPORT = (
    ("F2", 24, 72, 760, "Annual report"),
    ("F1", 11, 72, 730, "The fleet of the city was made ready in spring, and all of the har-"),
    ("F1", 11, 72, 716, "bours were visited before the summer. Nothing was lost that year but"),
    ("F1", 11, 72, 702, "an oar."),
    ("F1", 11, 72, 680, "Costs went_up by 3 * 4 [see] #2 and _all_ of them are listed below, as"),
    ("F1", 11, 72, 666, "everybody wished."),
    ("F2", 16, 72, 636, "Costs of the year"),
    ("F1", 11, 72, 612, "Item"),
    ("F1", 11, 300, 612, "Quantity"),
    ("F1", 11, 420, 612, "Price"),
    ("F1", 11, 72, 596, "Oars of fir"),
    ("F1", 11, 330, 596, "170"),
    ("F1", 11, 426, 596, "12.50"),
    ("F1", 11, 72, 580, "Bronze ram | iron"),
    ("F1", 11, 342, 580, "1"),
    ("F1", 11, 420, 580, "990.00"),
    ("F1", 11, 72, 564, "Linen sail"),
    ("F1", 11, 420, 564, "310.40"),
    ("F2", 11, 72, 530, "The crew"),
    ("F1", 11, 72, 514, "These are on board:"),
    ("F1", 11, 80, 500, BULLET),
    ("F1", 11, 94, 500, "rowers, of whom there are three on every bench, one of each"),
    ("F1", 11, 94, 486, "rank"),
    ("F1", 11, 80, 472, BULLET),
    ("F1", 11, 94, 472, "marines"),
    ("F1", 11, 100, 458, "-"),
    ("F1", 11, 112, 458, "with bows"),
    ("F1", 11, 100, 444, "-"),
    ("F1", 11, 112, 444, "with spears"),
    ("F1", 11, 72, 420, "The ship sails so:"),
    ("F1", 11, 72, 400, "1. Put it to sea."),
    ("F1", 11, 72, 386, "2. Row."),
)
"""The letters of a page: font, size, place and text."""

TEXT = r"""# Annual report

The fleet of the city was made ready in spring, and all of the harbours were visited before the summer. Nothing was lost that year but an oar.

Costs went_up by 3 * 4 [see] #2 and \_all\_ of them are listed below, as everybody wished.

## Costs of the year

| Item | Quantity | Price |
| --- | --- | --- |
| Oars of fir | 170 | 12.50 |
| Bronze ram \| iron | 1 | 990.00 |
| Linen sail |  | 310.40 |

#### The crew

These are on board:

- rowers, of whom there are three on every bench, one of each rank
- marines
  - with bows
  - with spears

The ship sails so:

1. Put it to sea.
2. Row."""  # noqa: E501 - paragraphs are one line


async def test_a_page_keeps_its_structure(site: Site) -> None:
    (page,) = (await site.parse(typeset(REPORT))).json()["data"]
    assert page["content"] == TEXT


async def test_a_page_that_is_read_keeps_what_can_be_seen(site: Site) -> None:
    (page,) = (await site.parse(typeset(REPORT), force_ocr="true")).json()["data"]
    # A bar by itself is read as a bar or as an I, depending on the precision of the engine.
    seen, there = (text.replace(r"\|", "I").split("\n\n") for text in (page["content"], TEXT))
    assert seen[:5] == there[:5]
    assert seen[-1] == there[-1]
