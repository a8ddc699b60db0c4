"""What every table shares: the declarative base, the instant column and random ids."""

import base64
import secrets
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any, ClassVar

from sqlalchemy import Date, DateTime, Dialect, MetaData, Table
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import JSON, LargeBinary, TypeDecorator

# A hidden row number is a clock: tables with citizens' rows are keyed by their random ids alone.
CITIZEN: dict[str, Any] = {"sqlite_with_rowid": False}


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant, always UTC, on databases that keep time zones and on those that do not."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables of the product."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UTCDateTime,
        date: Date,
        bytes: LargeBinary,
        list[str]: JSON,
        dict[str, Any]: JSON,
        list[dict[str, Any]]: JSON,
    }


def table_of(rows: type[Base]) -> Table:
    """The table under `rows`. Statements over it, built once, cost a third of those over the class.

    For the few that every citizen's request runs; everything else reads better over the classes.
    """
    table = rows.__table__
    assert isinstance(table, Table)
    return table


def adding_to(session: Session, table: Table) -> Any:
    """An INSERT that can say what becomes of a row that is there, of whichever database this is.

    Both have one of the same shape; only that of the database in use is loaded.
    """
    return import_module(f"sqlalchemy.dialects.{session.get_bind().dialect.name}").insert(table)


def new_id() -> str:
    """26 characters of lower-case base32: 128 random bits, never an order."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()
