"""Documents that are drawn for tests: an invoice as an image, and PDFs written by hand."""

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

TABLE = (
    ("Item", "Quantity", "Price"),
    ("Oars of fir", "170", "12.50"),
    ("Bronze ram", "1", "990.00"),
    ("Linen sail", "2", "310.40"),
)
ROWS = (
    "##INVOICE",
    "TriremeLtd,HarbourStreet7,Piraeus",
    "|Item|Quantity|Price|",
    "|---|---|---|",
    *("".join(f"|{cell}" for cell in row).replace(" ", "") + "|" for row in TABLE[1:]),
    "Totalamountdue:3735.80EUR",
)
"""Of the invoice as Markdown, without spaces, of which the model misses some."""


def invoice() -> Image.Image:
    image = Image.new("RGB", (900, 640), "white")
    pen = ImageDraw.Draw(image)
    font, large = ImageFont.load_default(26), ImageFont.load_default(44)
    pen.text((60, 40), "INVOICE", fill="black", font=large)
    pen.text((60, 120), "Trireme Ltd, Harbour Street 7, Piraeus", fill="black", font=font)
    for number, row in enumerate(TABLE):
        for left, cell in zip((60, 420, 640), row, strict=True):
            pen.text((left, 210 + 50 * number), cell, fill="black", font=font)
    pen.text((60, 460), "Total amount due: 3735.80 EUR", fill="black", font=font)
    return image


def png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def scanned(*images: Image.Image) -> bytes:
    """A PDF whose pages are images."""
    file = BytesIO()
    images[0].save(file, "PDF", resolution=150, save_all=True, append_images=images[1:])
    return file.getvalue()


def written(texts: Sequence[str], size: tuple[float, float] = (595, 842)) -> bytes:
    """A PDF with a page for each text, whose lines are text and not pixels."""
    objects = ["<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", ""]
    pages = []
    for text in texts:
        shown = " 0 -40 Td ".join(f"({line}) Tj" for line in text.splitlines())
        content = f"BT /F1 24 Tf 72 {size[1] - 100:f} Td {shown} ET"
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]:f} {size[1]:f}] "
            f"/Contents {len(objects)} 0 R /Resources << /Font << /F1 1 0 R >> >> >>"
        )
        pages.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(pages)}] >>"
    objects.append("<< /Type /Catalog /Pages 2 0 R >>")
    return _file(objects)


def typeset(pieces: Sequence[tuple[str, float, float, float, str]]) -> bytes:
    """A PDF of one page.

    Args:
        pieces: font (`F1`, or `F2`, which is bold), size, x and y in points from the lower left, and text.

    """
    content = "".join(
        f"BT /{font} {size:g} Tf {x:g} {y:g} Td ({text}) Tj ET\n" for font, size, x, y, text in pieces
    )
    fonts = "/Font << /F1 1 0 R /F2 2 0 R >>"
    objects = [
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        "<< /Type /Pages /Count 1 /Kids [5 0 R] >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        f"<< /Type /Page /Parent 3 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << {fonts} >> >>",
        "<< /Type /Catalog /Pages 3 0 R >>",
    ]
    return _file(objects)


def with_picture(text: str) -> bytes:
    """A PDF of one page with a line of text and a red picture of 100 x 50 points."""
    content = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET q 100 0 0 50 72 500 cm /Im1 Do Q"
    kind = "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceRGB /BitsPerComponent 8"
    resources = "<< /Font << /F1 1 0 R >> /XObject << /Im1 3 0 R >> >>"
    objects = [
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Type /Pages /Count 1 /Kids [5 0 R] >>",
        f"<< {kind} /Length 6 /Filter /ASCIIHexDecode >>\nstream\nFF0000\nendstream",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources {resources} >>",
        "<< /Type /Catalog /Pages 2 0 R >>",
    ]
    return _file(objects)


def _file(objects: Sequence[str], trailer: str = "") -> bytes:
    """Numbered objects, the last of which is the catalogue, with their table."""
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"trailer << /Size {size} /Root {size - 1} 0 R {trailer}>>\nstartxref\n{len(data)}\n%%EOF"
    return data + f"xref\n0 {size}\n0000000000 65535 f \n{table}{end}".encode("latin-1")


def encrypted() -> bytes:
    """A PDF that says it is locked with a password, by keys that fit none."""
    objects = [
        f"<< /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <{'ab' * 32}> /U <{'cd' * 32}> >>",
        "<< /Type /Pages /Count 0 /Kids [] >>",
        "<< /Type /Catalog /Pages 2 0 R >>",
    ]
    return _file(objects, f"/Encrypt 1 0 R /ID [<{'01' * 16}> <{'01' * 16}>] ")


def rows(markdown: str) -> tuple[str, ...]:
    """Lines without spaces."""
    return tuple("".join(line.split()) for line in markdown.splitlines() if line)


def data_url(data: bytes, media_type: str = "application/pdf") -> str:
    return f"data:{media_type};base64,{b64encode(data).decode()}"
