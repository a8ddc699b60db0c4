"""The two kinds of session the seam hands out: one that undoes everything, one that only the seam ends."""

import threading
from collections.abc import Callable
from typing import Never, TypeVar

from sqlalchemy.orm import Session, SessionTransaction

T = TypeVar("T")

_thread = threading.local()


def in_write() -> bool:
    """Whether this thread is inside a function given to `Database.write`."""
    return getattr(_thread, "writing", False)


class ReadSession(Session):
    """Its work is always undone; the connection below refuses to change anything besides."""

    def commit(self) -> Never:
        raise RuntimeError("a reading session has nothing to commit")


class WriteSession(Session):
    """Only the seam commits it: what a function could end early, a failure after it could not undo."""

    def begin(self, nested: bool = False) -> SessionTransaction:
        if not nested:
            raise RuntimeError("write has begun already; begin_nested is for a part of it")
        return super().begin(nested=True)

    def commit(self) -> Never:
        raise RuntimeError("write commits when the function returns")

    def rollback(self) -> Never:
        raise RuntimeError("raise to undo, or use begin_nested for a part")

    def finish(self) -> None:
        super().commit()


def run(session: WriteSession, fn: Callable[[Session], T]) -> T:
    """fn on the session, then its commit; leaving without one undoes what fn did."""
    with session:
        _thread.writing = True
        try:
            result = fn(session)
            session.flush()
        finally:
            _thread.writing = False
        session.finish()
    return result
