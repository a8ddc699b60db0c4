"""The write seam: `Database.write` is the only place that commits (ADR 0004).

On SQLite one thread owns the one writing connection and gathers what waits into one commit; on
PostgreSQL each function is a transaction of its own. Reading is a snapshot that can change nothing.
"""

import os
import random
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from intake.core.errors import Busy
from intake.core.group_commit import GroupWriter
from intake.core.sessions import ReadSession, WriteSession, in_write, run

__all__ = ["Database", "in_write"]

T = TypeVar("T")

ATTEMPTS = 8  # of a PostgreSQL transaction that met a deadlock or a serialisation failure
AGAIN = frozenset({"40001", "40P01"})
# Connections: a thread holds one at a time, so this is room for 64 threads in a process.
POOL = {"pool_size": 16, "max_overflow": 48, "pool_timeout": 10.0, "pool_use_lifo": True}

BUSY_TIMEOUT_MS = 5_000
PRAGMAS = (
    f"busy_timeout = {BUSY_TIMEOUT_MS}",  # another process (an `msx` command) may hold the lock for a moment
    "journal_mode = WAL",  # readers never wait for the writer
    "synchronous = FULL",  # a commit that returned is on disk
    "foreign_keys = ON",
    "secure_delete = ON",  # what is deleted is overwritten, free pages hold nothing
    "temp_store = MEMORY",  # sorting never spills citizens' rows into a temporary file
    "trusted_schema = OFF",
    "journal_size_limit = 16777216",  # a surge does not leave its log at its largest for ever
)


class Database:
    """A database by its URL: `sqlite:////absolute/file` or `postgresql://…`. Threads share one.

    `engine` is for the schema and for tests: its connections may write, outside the seam.
    """

    def __init__(self, url: str) -> None:
        address = _address(url)
        self.dialect = address.get_backend_name()
        self._writer: GroupWriter | _Transactions
        if self.dialect == "sqlite":
            self.engine = _sqlite_engine(address, begin="BEGIN IMMEDIATE")
            self._readers = _sqlite_engine(address, begin="BEGIN", query_only=True)
            self._writer = GroupWriter(self.engine)
        else:
            self.engine = _postgresql_engine(address)
            # One snapshot for all statements of a read, as on SQLite; read-only, it can never fail for that.
            self._readers = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            self._writer = _Transactions(self.engine)
        self._process: int | None = None
        self._closing = weakref.finalize(self, _close, self._writer, self._readers, self.engine)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session over one snapshot that can change nothing; its objects stay usable afterwards.

        Raises Busy when every connection is taken, and RuntimeError inside `write`, where a second
        snapshot would show other rows than the function's own session.
        """
        if in_write():
            raise RuntimeError("read through the session that write gave you")
        self._stay_in_process()
        with ReadSession(self._readers, expire_on_commit=False, autoflush=False) as session:
            try:
                yield session
            except PoolTimeout as error:
                raise Busy() from error

    def write(self, fn: Callable[[Session], T]) -> T:
        """Run `fn(session)` on rows and return its result once they are on disk.

        When fn raises, nothing of it stays and the exception comes out here. fn may be run again from
        the start, so it must have no effect beyond rows; it neither commits nor calls `write` or `read`
        (RuntimeError). Raises Busy when the machine cannot take it now: a lock held by another process
        for long, a full disk, no connection free.
        """
        if in_write():
            raise RuntimeError("write inside write: the inner one would wait for the outer for ever")
        self._stay_in_process()
        return self._writer.write(fn)

    def checkpoint(self) -> None:
        """Empty SQLite's write-ahead log into the file, so that deleted rows are not left in it."""
        if self.dialect == "sqlite":
            with self.engine.connect() as connection:
                driver = connection.connection.driver_connection
                assert isinstance(driver, sqlite3.Connection)
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Finish what waits, then close every connection. Using it afterwards raises RuntimeError."""
        self._closing()

    def _stay_in_process(self) -> None:
        """Connections do not survive a fork: SQLite's locks would be believed held and are not."""
        if not self._closing.alive:
            raise RuntimeError("the database is closed")
        here = os.getpid()
        if self._process == here:
            return
        if self._process is not None:
            if self.dialect == "sqlite":
                raise RuntimeError("this database was used before the fork: open another one in the child")
            self.engine.dispose(close=False)
        self._process = here


class _Transactions:
    """PostgreSQL: a transaction for each function, again from the start after a deadlock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def write(self, fn: Callable[[Session], T]) -> T:
        attempt = 1
        while True:
            try:
                return run(WriteSession(self._engine, expire_on_commit=False), fn)
            except PoolTimeout as error:
                raise Busy() from error
            except DBAPIError as error:
                if attempt == ATTEMPTS or getattr(error.orig, "sqlstate", None) not in AGAIN:
                    raise
            time.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311 - to part two rivals, not a key
            attempt += 1

    def close(self) -> None:
        """Nothing waits here: every caller is its own writer."""


def _close(writer: GroupWriter | _Transactions, readers: Engine, engine: Engine) -> None:
    writer.close()
    readers.dispose()
    engine.dispose()  # the last to go is one that may write: it empties the log into the file


def _address(url: str) -> URL:
    address = make_url(url)
    match address.get_backend_name():
        case "sqlite" if address.database and address.database != ":memory:" and not address.query:
            return address.set(drivername="sqlite+pysqlite")
        case "postgresql":
            return address.set(drivername="postgresql+psycopg")
    raise ValueError("the database address must look like sqlite:////folder/file or postgresql://host/name")


def _sqlite_engine(address: URL, *, begin: str, query_only: bool = False) -> Engine:
    """Transactions are begun by us with `begin`: the driver's own guesses would begin too late."""
    engine = create_engine(address, poolclass=QueuePool, **POOL)

    def keep_private(dialect: Any, record: Any, args: Any, options: Any) -> None:
        # SQLite gives its log and its index the permissions of the file. One that is there must not be opened
        # here: closing any descriptor of it drops every lock that this process holds on it (POSIX), and another
        # process would then take the log away under our feet.
        with suppress(FileExistsError):
            os.close(os.open(str(address.database), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def prepare(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None
        for pragma in (*PRAGMAS, "query_only = ON" if query_only else "query_only = OFF"):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    def start(connection: Connection) -> None:
        if query_only:  # takes no lock, so it cannot fail: straight to the driver, for every read begins so
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.execute(begin)
        else:
            connection.exec_driver_sql(begin)

    event.listen(engine, "do_connect", keep_private)
    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", start)
    return engine


def _postgresql_engine(address: URL) -> Engine:
    # A connection that the server has closed is noticed before it is used, not by a citizen.
    options = {} if "options" in address.query else {"options": "-c timezone=utc"}
    return create_engine(
        address, isolation_level="READ COMMITTED", pool_pre_ping=True, connect_args=options, **POOL
    )
