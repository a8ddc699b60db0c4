"""The rehearsal of `tests.guards.rehearsal` finds a function that may not be run again, and passes one that may."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from intake.core.db import Database
from tests.guards import rehearsal
from tests.services.ledger import book, entries, open_ledger, totals


@pytest.fixture
def rehearsed(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(Database, "write", Database.write)  # puts it back afterwards
    rehearsal.install()
    database = open_ledger(database_url)
    yield database
    database.close()


def test_a_function_of_rows_alone_is_written_once(rehearsed: Database) -> None:
    assert rehearsed.write(book("a0", 1, 5)) == 5
    assert entries(rehearsed) == {("a0", 1): 5}
    assert totals(rehearsed)["a0"] == 5


def test_a_function_that_counts_outside_is_found(rehearsed: Database) -> None:
    seen: list[int] = []

    def fn(session: Session) -> None:
        seen.append(book("a0", 1, 5)(session))

    rehearsed.write(fn)
    assert seen == [5, 5]


def test_a_function_that_uses_something_up_is_found(rehearsed: Database) -> None:
    numbers = iter([1])

    def fn(session: Session) -> None:
        book("a0", next(numbers), 5)(session)

    with pytest.raises(StopIteration):
        rehearsed.write(fn)
    assert entries(rehearsed) == {}


def test_what_a_function_raises_comes_out_of_its_rehearsal(rehearsed: Database) -> None:
    def fn(session: Session) -> None:
        book("a0", 1, 5)(session)
        raise LookupError

    with pytest.raises(LookupError):
        rehearsed.write(fn)
    assert entries(rehearsed) == {}
