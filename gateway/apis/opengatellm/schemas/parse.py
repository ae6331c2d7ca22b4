"""Fields of a request to parse a PDF, and its answer."""

from collections.abc import Sequence
from typing import Literal, Self

import msgspec
from pydantic import BaseModel, Field

from gateway.apis.opengatellm.schemas.answers import InferenceUsage
from gateway.apis.opengatellm.schemas.ocr import PageRanges, data_url, ranges
from gateway.apis.opengatellm.schemas.usage import Carbon
from gateway.serving.documents.reading import ReadPage
from gateway.serving.metering.usage import Usage


class ParseFields(BaseModel):
    """All but the file."""

    page_range: PageRanges = Field("", description="Pages from 0, such as `0,5-10,20`; empty for all.")
    force_ocr: bool = Field(
        False, description="Read every page off its image, also where it brings its own text."
    )

    def chosen(self) -> list[int] | None:
        """The pages, None for all."""
        return ranges(self.page_range) or None


class DocumentPageMetadata(msgspec.Struct, frozen=True):
    """Where a page is from."""

    document_name: str
    page: int


class DocumentPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page as Markdown, with the pictures that it names as data URLs."""

    object: Literal["documentPage"] = "documentPage"
    content: str
    images: dict[str, str]
    metadata: DocumentPageMetadata

    @classmethod
    def of(cls, name: str, page: ReadPage) -> Self:
        """As this API shows it."""
        return cls(
            content=page.markdown,
            images={picture.name: data_url(picture) for picture in page.pictures},
            metadata=DocumentPageMetadata(name, page.index),
        )


class ParsedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The pages of a PDF."""

    object: Literal["list"] = "list"
    data: list[DocumentPage]
    usage: InferenceUsage


def total(usages: Sequence[Usage]) -> InferenceUsage:
    """What several calls of models took together."""
    prompt = sum(usage.prompt_tokens for usage in usages)
    completion = sum(usage.completion_tokens for usage in usages)
    footprints = [usage.footprint for usage in usages]
    return InferenceUsage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        cost=round(sum(usage.cost for usage in usages), 6),
        carbon=Carbon(sum(each.kwh for each in footprints), sum(each.kgco2eq for each in footprints)),
        requests=len(usages),
    )
