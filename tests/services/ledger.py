"""Two small tables of the tests' own for trying the write seam: an account and the entries that made it."""

from collections.abc import Callable

from sqlalchemy import ForeignKey, Table, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from intake.core.db import Database


class LedgerBase(DeclarativeBase):
    """Apart from the product's tables: no migration knows these."""


class Account(LedgerBase):
    __tablename__ = "test_account"

    key: Mapped[str] = mapped_column(primary_key=True)
    total: Mapped[int] = mapped_column(default=0)


class Entry(LedgerBase):
    """One write that must be there as a whole: its number, and its share of the account's total."""

    __tablename__ = "test_entry"

    key: Mapped[str] = mapped_column(ForeignKey("test_account.key"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int]


def open_ledger(url: str, *, accounts: int = 8) -> Database:
    """The database at `url` with its accounts `a0`, `a1`, … at nothing."""
    database = Database(url)
    with database.engine.begin() as connection:
        LedgerBase.metadata.create_all(connection)
        table = Account.__table__
        assert isinstance(table, Table)
        connection.execute(table.insert(), [{"key": f"a{number}", "total": 0} for number in range(accounts)])
    return database


def book(key: str, number: int, amount: int) -> Callable[[Session], int]:
    """A function for write: an entry and the account's new total, which it returns."""

    def fn(session: Session) -> int:
        session.execute(update(Account).where(Account.key == key).values(total=Account.total + amount))
        session.add(Entry(key=key, number=number, amount=amount))
        session.flush()
        return session.scalars(select(Account.total).where(Account.key == key)).one()

    return fn


def entries(database: Database) -> dict[tuple[str, int], int]:
    """Every entry on disk: its account and number, and its amount."""
    with database.read() as session:
        return {(entry.key, entry.number): entry.amount for entry in session.scalars(select(Entry))}


def totals(database: Database) -> dict[str, int]:
    """Every account's total."""
    with database.read() as session:
        return {account.key: account.total for account in session.scalars(select(Account))}
