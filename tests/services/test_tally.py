"""Counting without tracking: in memory, day sums at fixed moments, nothing finer in any table."""

import multiprocessing
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Settings
from intake.boards import counting, queries
from intake.boards import services as boards
from intake.boards.models import BoardSum
from intake.boards.services.tally import Flusher, Tally, flush
from intake.boards.views import counted
from intake.core.clock import FixedClock
from intake.core.errors import Busy
from intake.core.world import World, open_world
from qr import code as codes
from tests.cast import Cast
from tests.client import PageClient
from tests.journeys import file_report, live_board

PHONE = "Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 MicroMessenger/8.0.49"


@pytest.fixture
def code(world: World, cast: Cast) -> str:
    return live_board(world)


@pytest.fixture
def tally(app: Flask) -> Tally:
    found: Tally = app.extensions[counted.EXTENSION]
    return found


def rows(world: World) -> dict[tuple[str, date, str], int]:
    with world.db.read() as session:
        return {(row.board_code, row.day, row.kind): row.count for row in session.scalars(select(BoardSum))}


def test_openings_and_begun_forms_become_sums_of_the_day(
    client: PageClient, world: World, clock: FixedClock, tally: Tally, code: str
) -> None:
    for _ in range(3):
        client.get(f"/b/{code}", headers={"User-Agent": PHONE})
    client.get(f"/b/{code}/report", headers={"User-Agent": PHONE})
    assert rows(world) == {}, "nothing is written while somebody is there"
    assert flush(world, tally) == 2
    today = world.today()
    assert rows(world) == {(code, today, "scan"): 3, (code, today, "started"): 1}
    client.get(f"/b/{code.lower()}", headers={"User-Agent": PHONE})
    clock.advance(timedelta(days=1))
    client.get(f"/b/{code}", headers={"User-Agent": PHONE})
    flush(world, tally)
    assert rows(world) == {
        (code, today, "scan"): 4,
        (code, today, "started"): 1,
        (code, today + timedelta(days=1), "scan"): 1,
    }
    assert flush(world, tally) == 0


def test_a_filing_leaves_no_sum_of_its_own(
    client: PageClient, world: World, clock: FixedClock, tally: Tally, code: str
) -> None:
    """Finished forms are counted from the reports that a viewer may know of: a stored sum would count for everybody."""
    file_report(client, clock, code)
    flush(world, tally)
    assert {kind for _, _, kind in rows(world)} == {"started"}


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; Baiduspider/2.0)"},
        {"User-Agent": ""},
        {"User-Agent": PHONE, "Sec-Purpose": "prefetch;prerender"},
        {"User-Agent": PHONE, "Purpose": "prefetch"},
    ],
)
def test_who_is_no_person_is_not_counted(
    client: PageClient, world: World, tally: Tally, code: str, headers: dict[str, str]
) -> None:
    client.get(f"/b/{code}", headers=headers)
    client.get(f"/b/{code}/report", headers=headers)
    client.get(f"/b/{codes.new_code()}", headers=headers)
    client.head(f"/b/{code}", headers={"User-Agent": PHONE})
    assert flush(world, tally) == 0


def test_old_codes_are_summed_apart_and_unknown_ones_without_the_code(
    client: PageClient, world: World, tally: Tally, code: str
) -> None:
    draft = boards.make_board(world, "test", site_no="CJ-990121200203")
    boards.set_state(world, "test", code=code, state="revoked", reason="被人换过")
    typed = [codes.new_code() for _ in range(3)]
    for address in (code, code, *typed, draft, "7K3Q", "钱"):
        client.get(f"/b/{address}", headers={"User-Agent": PHONE})
    flush(world, tally)
    assert rows(world) == {(code, world.today(), "gone"): 2, ("", world.today(), "unknown"): 3}


def test_sums_of_two_processes_add_up(world: World, cast: Cast, code: str) -> None:
    for _ in range(2):
        tally = Tally()
        tally.add(counting.SCAN, world.today(), code)
        flush(world, tally)
    assert rows(world) == {(code, world.today(), "scan"): 2}


def test_what_could_not_be_written_stays_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally()
    tally.add(counting.UNKNOWN, world.today())

    def full(_: object) -> None:
        raise Busy(1)

    with monkeypatch.context() as patch:
        patch.setattr(type(world.db), "write", lambda self, fn: full(fn))
        with pytest.raises(Busy):
            flush(world, tally)
    tally.add(counting.UNKNOWN, world.today())
    flush(world, tally)
    assert rows(world) == {("", world.today(), "unknown"): 2}


@pytest.fixture
def flusher(world: World) -> Iterator[tuple[Flusher, Tally]]:
    tally = Tally()
    made = Flusher(world, tally)
    yield made, tally
    made.stop()


def test_the_last_counts_are_written_when_the_process_ends(world: World, flusher: tuple[Flusher, Tally]) -> None:
    made, tally = flusher
    made.start()
    tally.add(counting.UNKNOWN, world.today())
    made.stop()
    made.stop()
    assert rows(world) == {("", world.today(), "unknown"): 1}


def _a_worker(settings: Settings, today: date) -> None:
    world, tally = open_world(settings), Tally()
    Flusher(world, tally).start()
    tally.add(counting.UNKNOWN, today)


def test_a_servers_worker_writes_them_too_when_it_ends(settings: Settings, world: World) -> None:
    """It is a child of the server's process: such a one ends without `atexit`."""
    worker = multiprocessing.get_context("fork").Process(target=_a_worker, args=(settings, world.today()))
    worker.start()
    worker.join(30)
    assert worker.exitcode == 0
    assert rows(world) == {("", world.today(), "unknown"): 1}


# What the office is shown of them


def put(world: World, *sums: tuple[str, int, str, int]) -> None:
    """(code, days ago, kind, count)."""
    today = world.today()

    def write(session: Session) -> None:
        for code, ago, kind, count in sums:
            session.add(BoardSum(board_code=code, day=today - timedelta(days=ago), kind=kind, count=count))

    world.db.write(write)


def test_strays_are_shown_for_days_that_are_over_and_not_in_small_numbers(
    world: World, cast: Cast, code: str
) -> None:
    put(world, (code, 0, "gone", 60), (code, 1, "gone", 4), (code, 2, "gone", 5), (code, 29, "gone", 70))
    put(world, ("", 0, "unknown", 90), ("", 3, "unknown", 12), ("", 4, "unknown", 1), (code, 1, "scan", 50))
    with world.db.read() as session:
        found = queries.strays(session, world.today())
    (board,) = found.boards
    assert (board.code, [one.count for one in board.days]) == (code, [None, 5])
    assert [one.count for one in found.unknown] == [12, None]
