"""`python -m bench.lookup`: do right, unknown and deleted receipts take the same time over a real connection?

Wall time from the first byte sent to the last one read, three kinds by turns, each on a connection of its own; medians,
and a bootstrap of their ratio as in the suite (ADR 0022). On a shared machine the suite's processor time says more.
"""

import itertools
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy.orm import Session

from intake.core.world import World
from intake.reports import receipt
from intake.reports.models import Report
from tests.anonymity.timing import compared
from tests.database import fresh_database
from tests.journeys import report_of
from tests.robustness.installation import UNLIMITED, Installation, installed

ROUNDS = 400


def main() -> int:
    with (
        tempfile.TemporaryDirectory() as folder,
        fresh_database(Path(folder)) as url,
        installed(Path(folder), url, environment=UNLIMITED) as installation,
        installation.server,
    ):
        return _measure(installation)


def _measure(installation: Installation) -> int:
    visitor = installation.visitor()
    right, gone = (visitor.file(installation.board, f"村口的路灯坏了两个月，没有人来修。第{n}件。") for n in range(2))
    _erase(installation.world, gone)
    wrong = (digits + receipt.damm(digits) for digits in (f"{n * 7_919:019d}" for n in itertools.count(1)))
    times: list[tuple[float, float, float]] = []
    for _ in range(ROUNDS):
        times.append(tuple(_seconds(installation, one) for one in (right, next(wrong), gone)))  # type: ignore[arg-type]  # three of three
    for name, place in (("right", 0), ("deleted", 2)):
        print(f"{name} / unknown: {compared([(row[place], row[1]) for row in times])}")
    return 0


def _seconds(installation: Installation, digits: str) -> float:
    began = time.perf_counter()
    installation.visitor().look_up(digits)
    return time.perf_counter() - began


def _erase(world: World, digits: str) -> None:
    report_id = report_of(world, digits).id

    def write(session: Session) -> None:
        session.get_one(Report, report_id).box_tag = None

    world.db.write(write)


if __name__ == "__main__":
    sys.exit(main())
