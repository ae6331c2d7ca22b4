"""Images in the bodies of the Backprop API."""

from typing import Annotated, ClassVar, TypeVar

from msgspec import Meta

from gateway.apis.backprop.schemas import MAX_IMAGES
from gateway.batch import Batch, Item
from gateway.serving.images import EncodedImage

IMAGE_RULE = "an image in base64, with or without a data URL's head"

SAMPLE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP8z4AdMOEQH6QSAM1BAQ/oQeJvAAAAAElFTkSuQmCC"
)
"""A red square of 8 x 8 pixels, as PNG."""


class ImageItem(Item, frozen=True, kw_only=True):
    """Base of the items that hold an image."""

    per_item: ClassVar[tuple[str, ...]] = ("image",)
    max_items: ClassVar[int] = MAX_IMAGES

    image: Annotated[str, Meta(min_length=1, description=IMAGE_RULE)]


I = TypeVar("I", bound=ImageItem)  # noqa: E741  # an item


def encoded(data: Batch[I]) -> list[EncodedImage]:
    """The images of a body, each with the name that error messages give it."""
    return [EncodedImage(item.image, data.name("image", at)) for at, item in enumerate(data.items)]
