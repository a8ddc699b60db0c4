"""The write seam by its promises, on the database this run is for."""

import multiprocessing
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from intake.core import db as module
from intake.core import group_commit
from intake.core.db import Database, in_write
from intake.core.errors import Busy, Invalid, Retry
from tests.services.ledger import Account, Entry, book, entries, open_ledger, totals


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_ledger(database_url)
    yield database
    database.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    """SQLite whatever this run is for: what only the embedded default promises."""
    database = open_ledger(f"sqlite:///{tmp_path}/own.db")
    yield database
    database.close()


def sqlite_file(database: Database) -> Path:
    return Path(str(database.engine.url.database))


def test_write_returns_what_the_function_returned_and_it_is_on_disk(database: Database) -> None:
    assert database.write(book("a0", 1, 5)) == 5
    assert database.write(book("a0", 2, 7)) == 12
    assert entries(database) == {("a0", 1): 5, ("a0", 2): 7}


def test_an_exception_comes_out_as_itself_and_leaves_nothing(database: Database) -> None:
    refusal = Invalid({"body": "写得太短"})

    def fn(session: Session) -> None:
        book("a0", 1, 5)(session)
        raise refusal

    with pytest.raises(Invalid) as caught:
        database.write(fn)
    assert caught.value is refusal
    assert entries(database) == {}
    assert totals(database)["a0"] == 0


@pytest.mark.parametrize("error", [Retry("prepare again"), KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_whatever_a_function_raises_the_next_write_works(database: Database, error: BaseException) -> None:
    def fn(session: Session) -> None:
        book("a0", 1, 5)(session)
        raise error

    with pytest.raises(type(error)):
        database.write(fn)
    assert database.write(book("a0", 2, 7)) == 7
    assert entries(database) == {("a0", 2): 7}


def test_a_breach_of_a_constraint_is_the_callers_and_leaves_nothing(database: Database) -> None:
    database.write(book("a0", 1, 5))
    with pytest.raises(IntegrityError):
        database.write(book("a0", 1, 6))
    assert totals(database)["a0"] == 5


def test_a_reference_to_nothing_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError):
        database.write(lambda session: session.execute(insert(Entry).values(key="none", number=1, amount=1)))


def test_what_is_only_added_is_flushed_before_the_result_is_given(database: Database) -> None:
    with pytest.raises(IntegrityError):
        database.write(lambda session: session.add(Account(key="a0")))
    database.write(lambda session: session.add(Account(key="new")))
    assert totals(database)["new"] == 0


def test_a_part_may_fail_inside_a_function(database: Database) -> None:
    def fn(session: Session) -> str:
        book("a0", 1, 5)(session)
        try:
            with session.begin_nested():
                session.add(Account(key="a0"))
        except IntegrityError:
            return "kept the rest"
        return "no conflict"

    assert database.write(fn) == "kept the rest"
    assert entries(database) == {("a0", 1): 5}


def test_objects_stay_usable_after_read_and_write(database: Database) -> None:
    def fn(session: Session) -> Account:
        account = Account(key="b", total=3)
        session.add(account)
        return account

    assert database.write(fn).total == 3
    with database.read() as session:
        account = session.get_one(Account, "b")
    assert (account.key, account.total) == ("b", 3)


def test_write_inside_write_is_refused_at_once(database: Database) -> None:
    with pytest.raises(RuntimeError, match="write inside write"):
        database.write(lambda session: database.write(book("a0", 1, 5)))
    with pytest.raises(RuntimeError, match="session that write gave"):
        database.write(lambda session: entries(database))
    assert database.write(book("a0", 1, 5)) == 5


def test_a_function_cannot_end_its_own_transaction(database: Database) -> None:
    for end in (Session.commit, Session.rollback, Session.begin):

        def fn(session: Session, end: str = end.__name__) -> None:
            book("a0", 1, 5)(session)
            getattr(session, end)()

        with pytest.raises(RuntimeError):
            database.write(fn)
    assert entries(database) == {}


def test_in_write_is_true_inside_the_function_only(database: Database) -> None:
    assert not in_write()
    assert database.write(lambda session: in_write())
    with pytest.raises(ValueError, match="inside"):
        database.write(lambda session: (_ for _ in ()).throw(ValueError("inside")))
    assert not in_write()
    assert database.write(lambda session: in_write())


def test_reading_can_change_nothing(database: Database) -> None:
    with pytest.raises(DBAPIError), database.read() as session:
        session.execute(update(Account).values(total=9))
    with pytest.raises(RuntimeError, match="nothing to commit"), database.read() as session:
        session.commit()
    assert set(totals(database).values()) == {0}
    assert database.write(book("a0", 1, 5)) == 5


def test_a_read_sees_one_moment_while_others_write(database: Database) -> None:
    count = select(func.count()).select_from(Entry)
    with database.read() as session:
        before = session.scalar(count)
        database.write(book("a0", 1, 5))
        assert session.scalar(count) == before == 0
    assert len(entries(database)) == 1


def test_readers_do_not_wait_for_a_slow_writer(database: Database) -> None:
    inside, go = threading.Event(), threading.Event()

    def slow(session: Session) -> None:
        book("a0", 1, 5)(session)
        inside.set()
        assert go.wait(10)

    thread = threading.Thread(target=database.write, args=(slow,))
    thread.start()
    assert inside.wait(10)
    assert entries(database) == {}
    go.set()
    thread.join()
    assert entries(database) == {("a0", 1): 5}


def test_no_result_is_given_before_the_rows_are_visible_to_others(database: Database, database_url: str) -> None:
    other = Database(database_url)
    for number in range(20):
        database.write(book("a0", number, 1))
        assert len(entries(other)) == number + 1
    other.close()


def test_closing_finishes_what_waits_and_refuses_what_comes(database: Database) -> None:
    started = threading.Event()

    def slow(session: Session) -> int:
        started.set()
        time.sleep(0.2)
        return book("a0", 1, 5)(session)

    results: list[int] = []
    thread = threading.Thread(target=lambda: results.append(database.write(slow)))
    thread.start()
    assert started.wait(10)
    if database.dialect == "postgresql":
        thread.join()  # there every caller is its own writer, and closing waits for none
    database.close()
    thread.join()
    assert results == [5]
    with pytest.raises(RuntimeError, match="closed"):
        database.write(book("a0", 2, 5))
    with pytest.raises(RuntimeError, match="closed"):
        entries(database)
    database.close()


def test_a_database_nobody_wrote_to_has_no_thread(sqlite: Database) -> None:
    before = threading.active_count()
    assert entries(sqlite) == {}
    assert threading.active_count() == before
    sqlite.write(book("a0", 1, 1))
    assert threading.active_count() == before + 1
    sqlite.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:////tmp/x.db?mode=ro", "mysql://host/x"])
def test_an_address_that_cannot_hold_the_promises_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="database address"):
        Database(url)


def test_sqlite_is_set_up_to_keep_and_to_forget(sqlite: Database) -> None:
    wanted = {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "temp_store": 2,
        "trusted_schema": 0,
    }  # fmt: skip

    def found(session: Session) -> dict[str, object]:
        return {name: session.execute(text(f"PRAGMA {name}")).scalar_one() for name in wanted}

    assert sqlite.write(found) == wanted
    with sqlite.read() as session:
        assert found(session) == wanted
        assert session.execute(text("PRAGMA query_only")).scalar_one() == 1
        assert session.execute(text("PRAGMA busy_timeout")).scalar_one() == module.BUSY_TIMEOUT_MS


def test_the_file_its_log_and_its_index_are_for_their_owner_only(sqlite: Database) -> None:
    sqlite.write(book("a0", 1, 5))
    file = sqlite_file(sqlite)
    for path in (file, file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_what_is_deleted_is_gone_from_file_and_log(sqlite: Database) -> None:
    mark = "DELETED-AND-GONE"

    def pages() -> bytes:
        file = sqlite_file(sqlite)
        return file.read_bytes() + file.with_name(file.name + "-wal").read_bytes()

    sqlite.write(lambda session: session.add(Account(key=mark)))
    assert mark.encode() in pages()
    sqlite.write(lambda session: session.delete(session.get_one(Account, mark)))
    sqlite.checkpoint()
    assert mark.encode() not in pages()


def test_closing_leaves_one_file_only(sqlite: Database) -> None:
    sqlite.write(book("a0", 1, 5))
    assert len(entries(sqlite)) == 1
    sqlite.close()
    file = sqlite_file(sqlite)
    assert [path.name for path in file.parent.glob("own.db*")] == ["own.db"]


def test_functions_that_wait_share_one_commit(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[int] = []
    real = group_commit.GroupWriter._commit_together

    def counted(writer: group_commit.GroupWriter, batch: list[group_commit._Job]) -> list[group_commit._Outcome]:
        commits.append(len(batch))
        return real(writer, batch)

    monkeypatch.setattr(group_commit.GroupWriter, "_commit_together", counted)
    gate = threading.Event()

    def hold(session: Session) -> None:
        assert gate.wait(10)

    threads = [threading.Thread(target=sqlite.write, args=(hold,))]
    threads[0].start()
    _wait_until(lambda: commits == [1])
    threads += [threading.Thread(target=sqlite.write, args=(book("a0", n, 1),)) for n in range(100)]
    for thread in threads[1:]:
        thread.start()
    writer = sqlite._writer
    assert isinstance(writer, group_commit.GroupWriter)
    _wait_until(lambda: len(writer._waiting) == 100)
    gate.set()
    for thread in threads:
        thread.join()
    assert commits == [1, group_commit.BATCH_MOST, 100 - group_commit.BATCH_MOST]
    assert totals(sqlite)["a0"] == 100


def test_when_a_commit_fails_each_function_meets_its_own_fate(sqlite: Database) -> None:
    """A reference that is checked at COMMIT only spoils the whole transaction, though not the others' writes."""

    def spoil(session: Session) -> None:
        session.execute(text("PRAGMA defer_foreign_keys = ON"))
        session.execute(insert(Entry).values(key="none", number=1, amount=1))

    assert _together(sqlite, [book("a0", 1, 5), spoil, book("a0", 2, 7)]) == [5, IntegrityError, 12]
    assert entries(sqlite) == {("a0", 1): 5, ("a0", 2): 7}


def test_when_sqlite_gives_up_the_transaction_nothing_is_taken_for_written(sqlite: Database) -> None:
    """A full disk ends the transaction around a function: its caller may come back, the others are kept."""

    def give_up(session: Session) -> None:
        driver = session.connection().connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.execute("ROLLBACK")

    assert _together(sqlite, [book("a0", 1, 5), give_up, book("a0", 2, 7)]) == [5, Busy, 12]
    assert entries(sqlite) == {("a0", 1): 5, ("a0", 2): 7}


def test_a_full_disk_is_told_as_busy_and_recovered_from(sqlite: Database) -> None:
    def limit(pages: int) -> None:
        sqlite.write(lambda session: session.execute(text(f"PRAGMA max_page_count = {pages}")).scalar())

    with sqlite.read() as session:
        limit(session.execute(text("PRAGMA page_count")).scalar_one() + 1)
    with pytest.raises(Busy):
        sqlite.write(lambda session: session.add(Account(key="x" * 100_000)))
    assert "x" * 100_000 not in totals(sqlite)
    limit(1_000_000)
    sqlite.write(lambda session: session.add(Account(key="x" * 100_000)))
    assert "x" * 100_000 in totals(sqlite)


def test_another_process_keeping_the_lock_is_waited_for_then_told(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "LOCK_SECONDS", 0.1)
    rival = sqlite3.connect(sqlite_file(sqlite), isolation_level=None, check_same_thread=False)
    rival.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy):
        sqlite.write(book("a0", 1, 5))
    monkeypatch.setattr(group_commit, "LOCK_SECONDS", 20)
    release = threading.Timer(0.3, lambda: rival.execute("ROLLBACK"))
    release.start()
    assert sqlite.write(book("a0", 2, 7)) == 7
    release.join()
    rival.close()


def test_a_broken_connection_is_replaced(sqlite: Database) -> None:
    def break_it(session: Session) -> None:
        driver = session.connection().connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.close()

    with pytest.raises(Exception):  # noqa: B017 - the driver's own complaint, whichever it is
        sqlite.write(break_it)
    assert sqlite.write(book("a0", 1, 5)) == 5


def test_a_process_forked_after_use_is_refused_before_it_can_do_harm(sqlite: Database) -> None:
    sqlite.write(book("a0", 1, 5))
    fork = multiprocessing.get_context("fork")
    answers = fork.Queue()

    def child() -> None:
        try:
            sqlite.write(book("a0", 2, 7))
        except RuntimeError as error:
            answers.put(str(error))

    process = fork.Process(target=child)
    process.start()
    assert "before the fork" in answers.get(timeout=20)
    process.join()
    assert entries(sqlite) == {("a0", 1): 5}


def test_a_deadlock_is_run_again_and_nobody_hears_of_it(database: Database) -> None:
    """On SQLite the two never meet: there one waits for the other from the start."""
    meeting = threading.Barrier(2, timeout=1 if database.dialect == "sqlite" else 20)
    runs: list[str] = []

    def crosswise(first: str, second: str) -> None:
        def fn(session: Session) -> None:
            session.execute(update(Account).where(Account.key == first).values(total=Account.total + 1))
            runs.append(first)
            if runs.count(first) == 1:
                with suppress(threading.BrokenBarrierError):
                    meeting.wait()
            session.execute(update(Account).where(Account.key == second).values(total=Account.total + 1))

        database.write(fn)

    threads = [threading.Thread(target=crosswise, args=pair) for pair in (("a0", "a1"), ("a1", "a0"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) >= (2 if database.dialect == "sqlite" else 3)
    assert totals(database)["a0"] == totals(database)["a1"] == 2


def _together(database: Database, functions: list[Callable[[Session], object]]) -> list[object]:
    """Put all functions into one commit, in this order; what each returned, or the type it raised."""
    jobs = [group_commit._Job(fn) for fn in functions]
    writer = database._writer
    assert isinstance(writer, group_commit.GroupWriter)
    with writer._changed:
        writer._waiting.extend(jobs)
    threading.Thread(target=database.write, args=(lambda session: None,)).start()
    return [type(error) if (error := job.promise.exception(20)) else job.promise.result() for job in jobs]


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)
