"""Query parameters of lists."""

from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, Field

from control_plane.paging import Page
from gateway.apis.opengatellm.schemas.fields import MAX_ID

ORDER_BY = AliasChoices("order_by", "sort_by")
ORDER_DIRECTION = AliasChoices("order_direction", "sort_order")
"""Later versions renamed both; either spelling is understood on every list."""


class PageQuery(BaseModel):
    """Where a list begins, how long it is, and in which order."""

    offset: int = Field(0, ge=0, le=MAX_ID, description="How many to skip.")
    limit: int = Field(10, ge=1, le=100, description="How many to return.")
    order_by: Any = Field("id", validation_alias=ORDER_BY)
    order_direction: Literal["asc", "desc"] = Field(
        "asc", validation_alias=ORDER_DIRECTION, description="Ascending or descending; ties go by id."
    )

    def page(self) -> Page:
        """The page that is asked for."""
        return Page(
            offset=self.offset,
            limit=self.limit,
            order_by=self.order_by,
            descending=self.order_direction == "desc",
        )


class NamedPageQuery(PageQuery):
    """Page of things with a name and a time of change."""

    order_by: Literal["id", "name", "created", "updated"] = Field(
        "id", validation_alias=ORDER_BY, description="Field to order by."
    )


class KeyPageQuery(PageQuery):
    """Page of keys."""

    order_by: Literal["id", "name", "created"] = Field(
        "id", validation_alias=ORDER_BY, description="Field to order by."
    )
