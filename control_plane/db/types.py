"""Column types that give back what was put in: aware times, enum members, structs."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import DateTime, Dialect, String, Text
from sqlalchemy.types import TypeDecorator

from model_repository.manifest import Task


def utc_now() -> datetime:
    """The present as an aware time in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware times only, stored and given back in UTC; SQLite by itself would drop the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse times without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time without a zone: {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Put the zone back where the database has none."""
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


class EnumText(TypeDecorator[StrEnum]):
    """A `StrEnum` as plain text, so that a new member needs no migration."""

    impl = String(32)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Text of a member; unknown text is refused."""
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Member of a text."""
        return None if value is None else self.kind(value)


class TasksText(TypeDecorator[tuple[Task, ...]]):
    """Tasks separated by commas; empty text for none."""

    impl = String()
    cache_ok = True

    def process_bind_param(self, value: tuple[Task, ...] | None, dialect: Dialect) -> str | None:
        """Text of the tasks."""
        return None if value is None else ",".join(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[Task, ...] | None:
        """Tasks of a text."""
        return None if value is None else tuple(map(Task, filter(None, value.split(","))))


class JsonText(TypeDecorator[Any]):
    """Whatever msgspec can encode, as JSON."""

    impl = Text()
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """JSON of a value."""
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Value of a JSON."""
        return None if value is None else msgspec.json.decode(value, type=self.kind)
