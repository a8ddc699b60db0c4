"""Every function given to `db.write` is run twice in the suite: it may be, so it must not matter.

A deadlock on PostgreSQL or a spoilt group commit on SQLite runs a function again from the start. Such days are
rare, so a function that appends to a list of its caller, or uses up an iterator, would fail on them alone.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy.orm import Session

from intake.core.db import Database

T = TypeVar("T")
_REHEARSES: Final = "rehearses"


def install() -> None:
    """From now on each function is run once for nothing, inside a savepoint that is undone, and then for good."""
    written = Database.write
    if hasattr(written, _REHEARSES):
        return

    def write(self: Database, fn: Callable[[Session], T]) -> T:
        return written(self, lambda session: _twice(session, fn))

    setattr(write, _REHEARSES, True)
    setattr(Database, "write", write)  # noqa: B010 - mypy refuses the plain assignment to a method


def _twice(session: Session, fn: Callable[[Session], T]) -> T:
    rehearsal = session.begin_nested()
    try:
        fn(session)
        session.flush()
    finally:
        rehearsal.rollback()
    return fn(session)
