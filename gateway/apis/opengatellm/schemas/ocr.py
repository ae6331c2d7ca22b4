"""Body of a request for the text of a document, and of its answer."""

import re
from base64 import b64encode
from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from gateway.apis.opengatellm.schemas.answers import InferenceUsage
from gateway.serving.documents.reading import Picture, PictureChoice, ReadPage

RANGES = re.compile(r"\s*(\d{1,4}(\s*-\s*\d{1,4})?\s*(,\s*\d{1,4}(\s*-\s*\d{1,4})?\s*)*)?")
"""Pages from 0 and ranges of them, such as `0,5-10,20`."""

LONGEST_RANGES = 1000
"""Characters."""

PageNumbers = Annotated[list[Annotated[StrictInt, Field(ge=0)]], Field(max_length=10_000)]
PageRanges = Annotated[str, Field(pattern=f"^{RANGES.pattern}$", max_length=LONGEST_RANGES)]


class DocumentURL(BaseModel):
    """A PDF or an image by its address, or as a data URL."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["document_url"]
    document_url: str = Field(examples=["data:application/pdf;base64,JVBERi0xLjQ…"])
    document_name: str | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return self.document_url


class ImageAddress(BaseModel):
    """An image's address."""

    model_config = ConfigDict(extra="forbid")

    url: str
    detail: str | None = None


class ImageURL(BaseModel):
    """An image by its address, or as a data URL."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["image_url"]
    image_url: str | ImageAddress

    @property
    def url(self) -> str:
        """Where it is."""
        return self.image_url if isinstance(self.image_url, str) else self.image_url.url


class OCRBody(BaseModel):
    """A document to be read. Fields that are not listed reach the model's provider."""

    model_config = ConfigDict(extra="allow")

    document: Annotated[DocumentURL | ImageURL, Field(discriminator="type")]
    model: str | None = Field(None, description="Name or alias of a model.", examples=["pp-ocrv4"])
    pages: PageNumbers | PageRanges | None = Field(
        None, description="Pages to read, from 0: a list, or text such as `0,5-10`; all where none is named."
    )
    image_limit: Annotated[StrictInt, Field(ge=0)] | None = Field(None, description="Most pictures to tell.")
    image_min_size: Annotated[StrictInt, Field(ge=0)] | None = Field(
        None, description="Pixels that both sides of a picture have at least."
    )
    include_image_base64: StrictBool | None = None
    bbox_annotation_format: dict[str, Any] | None = None
    document_annotation_format: dict[str, Any] | None = None

    def forwarded(self) -> dict[str, Any]:
        """As the caller sent it."""
        return self.model_dump(exclude_unset=True)

    def chosen(self) -> list[int] | None:
        """The pages, None for all."""
        return ranges(self.pages) if isinstance(self.pages, str) else self.pages

    def annotated(self) -> str:
        """The field by which more than text is asked for, or nothing."""
        for field in ("bbox_annotation_format", "document_annotation_format"):
            if (getattr(self, field) or {}).get("type", "text") != "text":
                return field
        return ""

    def pictures(self) -> PictureChoice:
        """Which pictures are wanted."""
        content = bool(self.include_image_base64)
        return PictureChoice(most=self.image_limit, smallest=self.image_min_size or 0, content=content)


class OCRImage(msgspec.Struct, frozen=True, kw_only=True):
    """A picture on a page, in its pixels."""

    id: str
    top_left_x: int
    top_left_y: int
    bottom_right_x: int
    bottom_right_y: int
    image_base64: str | None
    image_annotation: str | None = None

    @classmethod
    def of(cls, picture: Picture) -> Self:
        """As this API shows it."""
        left, top, right, bottom = picture.box
        return cls(
            id=picture.name,
            top_left_x=left,
            top_left_y=top,
            bottom_right_x=right,
            bottom_right_y=bottom,
            image_base64=data_url(picture) if picture.jpeg else None,
        )


class OCRDimensions(msgspec.Struct, frozen=True):
    """Size of a page in pixels."""

    dpi: int
    height: int
    width: int


class OCRPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page."""

    index: int
    markdown: str
    images: list[OCRImage]
    dimensions: OCRDimensions | None

    @classmethod
    def of(cls, page: ReadPage) -> Self:
        """As this API shows it."""
        width, height = page.size
        return cls(
            index=page.index,
            markdown=page.markdown,
            images=list(map(OCRImage.of, page.pictures)),
            dimensions=OCRDimensions(page.dpi, height, width),
        )


class OCRUsageInfo(msgspec.Struct, frozen=True):
    """How much was read."""

    pages_processed: int
    doc_size_bytes: int | None = None


class OCRResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a document; further fields are the provider's own."""

    id: str
    model: str
    pages: list[OCRPage]
    document_annotation: str | None = None
    usage: InferenceUsage
    usage_info: OCRUsageInfo


def ranges(text: str) -> list[int]:
    """Pages of a text that matches `RANGES`, each once, in their order."""
    pages: dict[int, None] = {}
    for part in filter(str.strip, text.split(",")):
        first, _, last = part.partition("-")
        pages.update(dict.fromkeys(range(int(first), int(last or first) + 1)))
    return list(pages)


def data_url(picture: Picture) -> str:
    """A picture as an address that holds it."""
    return f"data:image/jpeg;base64,{b64encode(picture.jpeg).decode()}"
