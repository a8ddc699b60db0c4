"""SQLite's half of the write seam: one thread, one connection, one COMMIT for everything that waits."""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Engine, RootTransaction
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from intake.core.errors import Busy
from intake.core.sessions import WriteSession, run

T = TypeVar("T")

BATCH_MOST = 64  # functions in one commit: a bound on how long the first waits for the last
LOCK_SECONDS = 20.0  # how long to ask for a lock that another process holds
ASK_AGAIN_SECONDS = 0.001  # SQLite's own waiting grows to 100 ms a try: too seldom beside a busy rival
# The machine's ceilings, not the caller's fault: another process's lock, a full disk, a failing one.
CEILINGS = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})


@dataclass(frozen=True)
class _Outcome:
    value: Any = None
    error: BaseException | None = None


class _Job:
    """One function on its way, and the promise of its result."""

    def __init__(self, fn: Callable[[Session], Any]) -> None:
        self.fn = fn
        self.promise: Future[Any] = Future()

    def settle(self, outcome: _Outcome) -> None:
        if outcome.error is None:
            self.promise.set_result(outcome.value)
        else:
            self.promise.set_exception(outcome.error)


class _TransactionLostError(Exception):
    """SQLite gave up the whole transaction (full disk, I/O error), not just the part that failed."""


class GroupWriter:
    """Takes functions from any thread; `engine` begins its transactions with BEGIN IMMEDIATE."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None  # started by the first write: idle processes have none
        self._connection: Connection | None = None
        self._closed = False

    def write(self, fn: Callable[[Session], T]) -> T:
        """The result of fn once it is on disk, or what it raised once nothing of it is left."""
        job = _Job(fn)
        with self._changed:
            if self._closed:
                raise RuntimeError("the database is closed")
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._serve, name="db-writer", daemon=True)
                self._thread.start()
            self._waiting.append(job)
            self._changed.notify()
        result: T = job.promise.result()
        return result

    def close(self) -> None:
        """Finish what waits, then end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        while batch := self._take():
            self._record(batch)
        self._drop_connection()

    def _take(self) -> list[_Job]:
        """What waits now, up to the bound; never waits for more to come. Empty once closed and drained."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_MOST))]

    def _record(self, batch: list[_Job]) -> None:
        """Run the batch in one transaction and settle every promise; nothing escapes, the thread lives on."""
        try:
            outcomes = self._commit_together(batch)
        except BaseException as error:
            self._drop_connection()
            if len(batch) > 1 and not isinstance(error, Busy):
                # One of them may have spoilt it for the rest: alone, each meets its own fate.
                for job in batch:
                    self._record([job])
                return
            outcomes = [_Outcome(error=_named(error))] * len(batch)
        for job, outcome in zip(batch, outcomes, strict=True):
            job.settle(outcome)

    def _commit_together(self, batch: list[_Job]) -> list[_Outcome]:
        """How each function ended, once the COMMIT over all of them has returned."""
        if self._connection is None:
            self._connection = self._engine.connect()
            _driver(self._connection).execute("PRAGMA busy_timeout = 0")
        connection = self._connection
        transaction = _begin(connection)
        if len(batch) == 1:
            # A savepoint would undo just what undoing everything undoes.
            outcomes = [_attempt(connection, batch[0], "rollback_only")]
            if outcomes[0].error is not None:
                if transaction.is_active:  # a failed flush has undone it already
                    transaction.rollback()
                return outcomes
        else:
            outcomes = [_attempt(connection, job, "create_savepoint") for job in batch]
        transaction.commit()
        return outcomes

    def _drop_connection(self) -> None:
        """Let go of a connection in an unknown state; the driver undoes what was open on it."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with suppress(Exception):  # closing what is broken may fail; the promises must still be settled
            connection.invalidate()
            connection.close()


def _begin(connection: Connection) -> RootTransaction:
    """The write lock of the file. Raises Busy when another process keeps it."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return connection.begin()
        except OperationalError as error:
            if not _is_ceiling(error):
                raise
            if time.monotonic() > deadline:
                raise Busy() from error
        time.sleep(ASK_AGAIN_SECONDS)


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _attempt(connection: Connection, job: _Job, mode: Literal["create_savepoint", "rollback_only"]) -> _Outcome:
    """Run one function, in a savepoint or alone. Raises when the transaction around it is gone with others in it."""
    session = WriteSession(connection, join_transaction_mode=mode, expire_on_commit=False)
    try:
        outcome = _Outcome(run(session, job.fn))
    except BaseException as error:  # SystemExit of a function is its caller's, not this thread's
        outcome = _Outcome(error=_named(error))
    if not _driver(connection).in_transaction and (outcome.error is None or mode == "create_savepoint"):
        # Committing now would be no error and keep nothing.
        raise _TransactionLostError from outcome.error
    return outcome


def _named(error: BaseException) -> BaseException:
    """The error as callers know it: Busy for what only the machine can mend."""
    if isinstance(error, _TransactionLostError) or _is_ceiling(error):
        busy = Busy()
        busy.__cause__ = error
        return busy
    return error


def _is_ceiling(error: BaseException) -> bool:
    if not isinstance(error, OperationalError):
        return False
    extended: int = getattr(error.orig, "sqlite_errorcode", 0)
    return extended & 0xFF in CEILINGS
