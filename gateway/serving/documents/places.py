"""Maps positions on a PDF's page to pixels of its rendered image."""

import pypdfium2


class Places:
    """Takes points of a page, from its lower left, to pixels, from the upper left.

    Args:
        width: of the picture, in pixels, like `height`.
        scale: pixels a point.

    """

    def __init__(self, page: pypdfium2.PdfPage, width: int, height: int, scale: float) -> None:
        self._converter = pypdfium2.PdfPosConv(page, (0, 0, width, height, 0))
        self.scale = scale

    def pixel(self, x: float, y: float) -> tuple[int, int]:
        """One point."""
        at: tuple[int, int] = self._converter.to_bitmap(x, y)
        return at

    def box(self, left: float, bottom: float, right: float, top: float) -> tuple[int, int, int, int]:
        """Left, top, right and bottom; which sides those are depends on how the page is turned."""
        (ax, ay), (bx, by) = self.pixel(left, bottom), self.pixel(right, top)
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)
