"""Counting in memory, written down as sums of a day at fixed moments. A crash loses counts, never reports. ADR 0018."""

import logging
from collections.abc import Mapping
from datetime import date
from multiprocessing.util import Finalize
from threading import Event, Lock, Thread

from sqlalchemy.orm import Session

from intake.boards import counting
from intake.boards.models import BoardSum
from intake.core.tables import adding_to, table_of
from intake.core.world import World

Key = tuple[str, date, str]  # board code, day, kind

log = logging.getLogger("msx")


class Tally:
    """What was counted since the last flush: as many numbers as there are boards, whoever comes and however often."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sums: dict[Key, int] = {}

    def add(self, kind: str, day: date, board_code: str = counting.NO_BOARD) -> None:
        with self._lock:
            key = (board_code, day, kind)
            self._sums[key] = self._sums.get(key, 0) + 1

    def take(self) -> dict[Key, int]:
        """All of it; the tally is empty afterwards."""
        with self._lock:
            taken, self._sums = self._sums, {}
            return taken

    def give_back(self, sums: Mapping[Key, int]) -> None:
        with self._lock:
            for key, count in sums.items():
                self._sums[key] = self._sums.get(key, 0) + count


def flush(world: World, tally: Tally) -> int:
    """Add what was counted to the rows of its day; returns how many rows. What cannot be written stays counted."""
    sums = tally.take()
    if not sums:
        return 0
    rows = [{"board_code": code, "day": day, "kind": kind, "count": count} for (code, day, kind), count in sums.items()]
    try:
        world.db.write(lambda session: _add(session, rows))
    except BaseException:
        tally.give_back(sums)
        raise
    return len(rows)


def _add(session: Session, rows: list[dict[str, object]]) -> None:
    table = table_of(BoardSum)
    new = adding_to(session, table)
    session.execute(
        new.on_conflict_do_update(
            index_elements=[table.c.board_code, table.c.day, table.c.kind],
            set_={"count": table.c.count + new.excluded.count},
        ),
        rows,
    )


class Flusher:
    """Writes the tally down at fixed moments for as long as the process lives, and once more when it ends."""

    def __init__(self, world: World, tally: Tally) -> None:
        self._world = world
        self._tally = tally
        self._over = Event()
        self._thread = Thread(target=self._run, name="msx-tally", daemon=True)

    def start(self) -> None:
        self._thread.start()
        # Also where servers start their workers as children: those end without `atexit`.
        Finalize(None, self.stop, exitpriority=1)

    def stop(self) -> None:
        """Whatever was counted is written before this returns."""
        self._over.set()
        self._thread.join(timeout=10)
        self._flush()

    def _run(self) -> None:
        while not self._over.wait(self._seconds()):
            self._flush()

    def _seconds(self) -> float:
        now = self._world.clock.now()
        return (counting.next_flush(now) - now).total_seconds()

    def _flush(self) -> None:
        try:
            flush(self._world, self._tally)
        except Exception as error:
            log.error("tally: %s", type(error).__name__)  # noqa: TRY400 - the next flush takes it along
