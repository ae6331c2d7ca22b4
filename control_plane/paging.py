"""Pages of lists: where they begin, how long they are, and an order in which no two rows are equal."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Select
from sqlalchemy.sql.elements import SQLCoreOperations

S = TypeVar("S", bound=Select[*tuple[Any, ...]])


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a list is wanted.

    Attributes:
        order_by: a field that the list can be ordered by.

    """

    offset: int = 0
    limit: int = 10
    order_by: str = "id"
    descending: bool = False


def paged(query: S, page: Page, columns: Mapping[str, SQLCoreOperations[Any]]) -> S:
    """`query` cut to a page.

    Rows without a value come last on every database, and ties are broken by id, so that pages do not overlap.

    Args:
        columns: column of each field that the list can be ordered by, `id` among them.

    """
    column, key = columns[page.order_by], columns["id"]
    first, ties = (column.desc(), key.desc()) if page.descending else (column.asc(), key.asc())
    return query.order_by(first.nulls_last(), ties).offset(page.offset).limit(page.limit)
